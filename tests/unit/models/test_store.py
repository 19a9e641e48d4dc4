"""Which models need each other in a circle."""

from __future__ import annotations

import pytest

from pytest_bulkhead.models.keys import Key
from pytest_bulkhead.models.store import find_circle

A, B, C, D = (Key(letter, letter) for letter in "abcd")


@pytest.mark.parametrize(
    ("hands", "awaited", "key", "circle"),
    [
        ({}, {}, A, []),
        ({1: [A]}, {}, B, []),
        ({1: [A]}, {}, A, [A]),
        ({1: [A, B]}, {}, A, [A, B]),
        ({1: [C, A, B]}, {}, A, [A, B]),
        ({1: [A], 2: [B]}, {}, B, []),
        ({1: [A], 2: [B]}, {2: A}, B, [B, A]),
        ({1: [A, C], 2: [D, B]}, {2: A}, D, [D, B, A, C]),
        ({1: [A], 2: [B], 3: [C]}, {2: C, 3: A}, B, [B, C, A]),
        ({1: [A], 2: [B], 3: [C]}, {2: C}, B, []),
    ],
)
def test_a_circle_is_found_and_nothing_else(hands, awaited, key, circle):
    """Within a thread, and through threads that wait for each other; thread 1 asks."""
    assert find_circle(hands, awaited, key, thread=1) == circle

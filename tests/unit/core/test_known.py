"""Specification of `core.known`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import dataclasses

import pytest

from pytest_bulkhead.core.known import Known, Unknown, value_or


def test_a_default_is_for_what_is_unknown_only():
    """What is known is taken as it is, nothing and zero too."""
    assert 0 == value_or(Known(0, "a file"), 7)
    assert () == value_or(Known((), "a file"), ("x",))
    assert 7 == value_or(Unknown("it cannot be read"), 7)


@pytest.mark.parametrize("fact", [Known(1, "a file"), Unknown("it cannot be read")])
def test_facts_do_not_change(fact):
    """A fact is what was seen when it was gathered."""
    with pytest.raises(dataclasses.FrozenInstanceError):
        fact.value = fact.reason = 2

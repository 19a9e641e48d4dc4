"""Which backend is chosen, with torch and without."""

import sys
from unittest.mock import patch

import pytest
from scorer.backends import Plain, best_backend

ROWS = [[1.0, 0.0], [0.0, 2.0], [3.0, 3.0]]


def test_plain_scores():
    assert Plain().scores([1.0, 0.0], ROWS) == pytest.approx([1, 0, 0.7071], abs=1e-4)


def test_nothing_has_no_direction():
    assert Plain().scores([0.0, 0.0], ROWS) == [0, 0, 0]


def test_chosen_without_cupy():
    """The dictionary comes back as it was: torch, first imported within, is taken out with cupy."""
    with patch.dict(sys.modules, {"cupy": None}):
        assert best_backend().name == "torch"


def test_chosen_without_torch():
    with patch.dict(sys.modules, {"torch": None}):
        assert best_backend().name == "plain"

"""Specification of `protocol.spans`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.protocol.spans import cell_spans, from_spans, to_spans


@given(st.lists(st.integers(0, 30)))
def test_numbers_arrive_in_order(numbers):
    """Any numbers, in any order, are read back as they were."""
    assert tuple(numbers) == from_spans(to_spans(numbers))


def test_a_run_is_two_numbers():
    """Consecutive numbers cost nothing, however many."""
    assert (3, 6, 9, 10) == to_spans((3, 4, 5, 9))
    assert (0, 20_000) == to_spans(range(20_000))
    assert () == to_spans(())


def test_cells_are_spans_of_their_own():
    """Neighbours stay apart: each cell has a process of its own."""
    assert (3, 4, 4, 6, 9, 10) == cell_spans((3, 4, 5, 9), (1, 2, 1))
    assert () == cell_spans((), ())

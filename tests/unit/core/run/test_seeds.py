"""Specification of `core.run.seeds`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.run.seeds import LIMIT, derive_seed


@given(st.integers(0, LIMIT - 1), st.lists(st.text()))
def test_a_seed_is_one_that_numpy_takes(run_seed, names):
    """Whatever sets a process apart, its seed is a number that every library takes."""
    assert 0 <= derive_seed(run_seed, *names) < LIMIT


def test_seeds_are_the_same_everywhere():
    """Another machine, another Python, another version of ours: the same seed."""
    assert 735033514 == derive_seed(1, "tests/test_a.py", "")


def test_processes_and_runs_differ():
    """Another name or another run is another seed; names do not run into each other."""
    seeds = {
        derive_seed(run, *names)
        for run in (1, 2)
        for names in (("a", "b"), ("ab", ""), ("", "ab"), ("b", "a"))
    }

    assert 8 == len(seeds)

"""Specification of `core.crash.standstill`: who stands still is told from who goes round and round."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.crash.standstill import Look, Standstill, between, verdict

SLEEPING, RUNNING, STOPPED = "S (sleeping)", "R (running)", "T (stopped)"


@pytest.mark.parametrize(
    ("cpu", "state", "running", "again", "expected"),
    [
        (0.0, SLEEPING, False, "a", "it stood still (0.00 s of CPU time in 0.30 s, in the same"),
        (0.01, SLEEPING, False, "a\n", "it stood still (0.01 s of CPU time in 0.30 s, in the same"),
        (0.0, SLEEPING, False, "", "it stood still (0.00 s of CPU time in 0.30 s)"),
        (0.29, RUNNING, True, "a", "it was at work (0.29 s of CPU time in 0.30 s, in the same"),
        (0.29, RUNNING, False, "b", "it was at work (0.29 s of CPU time in 0.30 s, in other lines"),
        (0.0, RUNNING, True, "a", "it was at work"),
        (0.03, SLEEPING, False, "a", "it did little"),
        (0.0, SLEEPING, False, "b", "it did little"),
        (0.0, STOPPED, False, "a", "it was stopped by a signal"),
    ],
)
def test_the_verdict(cpu, state, running, again, expected):
    """CPU time, whether it was in line for a CPU, and whether its stacks are the same."""
    told = verdict(Standstill(0.3, cpu, state, running, again), "a")

    assert told.startswith(expected)


def test_what_two_looks_tell():
    """The time between them, and what was used; who has ended between takes his time with him."""
    first = Look(10.0, 2.0, RUNNING)

    assert between(first, Look(10.5, 2.25, RUNNING)) == Standstill(0.5, 0.25, RUNNING, True)
    assert between(first, Look(10.5, 1.0, SLEEPING)) == Standstill(0.5, 0.0, RUNNING, False)


def test_looks_at_once():
    """No time between, no division by it."""
    assert "stood still" in verdict(Standstill(0.0, 0.0, SLEEPING), "a")

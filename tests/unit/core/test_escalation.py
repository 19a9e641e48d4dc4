"""Specification of `core.escalation`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import itertools

import pytest

from pytest_bulkhead.core import escalation
from pytest_bulkhead.core.escalation import Step, after, grace_of, limit_of
from pytest_bulkhead.core.item import Phase


@pytest.mark.parametrize("first", [None, *Step])
def test_every_way_ends_with_a_kill(first):
    """From any step on, the fourth is a kill, and stays one."""
    step = first
    for _ in range(4):
        step = after(step)

    assert Step.KILL is step is after(step)


def test_stacks_come_before_the_signal_that_ends():
    """A process is asked for its stacks, twice, before anything is done to it."""
    assert [Step.DUMP_STACKS, Step.DUMP_AGAIN, Step.TERMINATE, Step.KILL] == [
        after(None),
        after(Step.DUMP_STACKS),
        after(Step.DUMP_AGAIN),
        after(Step.TERMINATE),
    ]


@pytest.mark.parametrize("step", Step)
def test_every_step_has_a_grace(step):
    """After each step there is time to obey; the user sets only that of SIGTERM."""
    assert grace_of(step, 7.0) > 0
    assert (step is Step.TERMINATE) is (grace_of(step, 7.0) == 7.0)


@pytest.mark.parametrize(("phase", "forked"), list(itertools.product(Phase, [False, True])))
def test_only_start_and_leaving_are_limited(phase, forked):
    """Outside tests only the start and the end of a process have a limit."""
    limits = {
        (Phase.STARTING, True): escalation.FORK_LIMIT,
        (Phase.STARTING, False): escalation.START_LIMIT,
        (Phase.LEAVING, True): escalation.LEAVE_LIMIT,
        (Phase.LEAVING, False): escalation.LEAVE_LIMIT,
    }

    assert limits.get((phase, forked)) == limit_of(phase, forked)

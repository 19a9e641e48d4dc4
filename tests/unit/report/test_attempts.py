"""Specification of `report.attempts`: what each test went through."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.report.attempts import Reported

from .journals import CRASH, SEGV, STAGED, leaves, passes, story


def attempts_of(item, happened=CRASH, **heading):
    return story(happened, **heading).attempts.of.get(item, [])


def test_a_test_that_ran_once():
    """Its worker, its phases, its end, and that it was the first of its process."""
    [attempt] = attempts_of(0)

    assert ["setup", "call", "teardown"] == [phase.when for phase in attempt.phases]
    assert (State.PASSED, [], 1) == (attempt.state, attempt.before, attempt.worker.id)
    assert attempt.seconds == pytest.approx(0.4)


def test_what_ran_before_it_in_its_process():
    """In order; a new process begins with nobody before."""
    [crashed], [after] = attempts_of(1), attempts_of(2)

    assert ([0], []) == (crashed.before, after.before)
    assert crashed.crash is not None
    assert State.CRASHED is crashed.state


def test_one_that_was_put_back_is_tried_again():
    """A test that was not to blame for the end of its process has two attempts."""
    until = CRASH.index(ev.TestStarted(1, 1))
    back = [*CRASH[:until], ev.TemplateEnded(1, SEGV), *CRASH[until : until + 2]]
    happened = [*back, CRASH[1]._replace(template=2), ev.WorkerJoined(2), ev.TestStarted(2, 1)]
    first, second = attempts_of(1, happened)

    assert (State.NOT_RUN, None) == (first.state, first.crash)
    assert (State.RUNNING, None) == (second.state, second.until)


def test_one_that_never_began_has_none():
    """Nobody had it in hand."""
    assert [] == attempts_of(2, CRASH[:2])


def test_what_a_stage_does_is_a_part_of_the_attempt_that_follows():
    """With the seconds that it took; in its process nobody was before it."""
    [attempt] = attempts_of(2, STAGED, level="function", stage=True)

    assert not attempt.in_stage
    assert attempt.staged == pytest.approx(0.1)
    assert attempt.seconds == pytest.approx(0.5)


def test_one_that_ends_in_a_stage_has_had_its_attempt():
    """The set-up of its wide fixtures ended the process."""
    busy = next(at for at, event in enumerate(STAGED) if isinstance(event, ev.StageBusy))
    ends = [*STAGED[: busy + 1], ev.CellEnded(1, SEGV, Blame(Phase.SETUP, 2))]
    [attempt] = attempts_of(2, ends, level="function", stage=True)

    assert attempt.in_stage
    assert attempt.crash is not None


def test_seconds_are_those_reported_where_reports_came_together():
    """Then all have one instant."""
    [attempt] = attempts_of(0)
    attempt.phases.append(Reported("call", "passed", 9.0))

    assert attempt.seconds == pytest.approx(9.0)


@pytest.mark.parametrize("ends", [True, False])
def test_a_trial_is_told_apart(ends):
    """It counts for nothing, and its state is its own: that of a test which ran, or died, in it."""
    again = [ev.WorkerJoined(3), ev.TestStarted(3, 1)]
    died = [ev.WorkerEnded(3, SEGV, Blame(Phase.CALL, 1))]
    left = [*passes(3, 1)[1:], *leaves(3)]
    happened = [*CRASH[:-1], *again, *(left if ends else died)]
    told = story(happened, verify="crashes")
    first, trial = told.attempts.of[1]

    assert (False, True) == (first.trial, trial.trial)
    assert (State.PASSED if ends else State.CRASHED) is trial.state
    assert first.seconds == told.attempts.seconds(1)
    assert [True, True] == told.lives.starts[0]
    assert "once more" == told.lives.of[3].group

"""Specification of `core.run.spares`. What a run does with them is in `test_run` and tests/model."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import itertools

import pytest

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.escalation import Step as End
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.roster import Roster
from pytest_bulkhead.core.run.spares import TRANSITIONS, Spare, Spares, Stage, Step
from pytest_bulkhead.errors import InvalidTransition

from ..suites import items

NOW = 50.0


def spares(text="a b c", number=1):
    """Return the spares of a run of so many modules, none of which has a worker yet."""
    policy = Policy(level=Level.MODULE, spares=number, grace=2.0)
    roster = Roster()
    roster.plan(items(text), policy)
    found = Spares(policy, roster)
    found.allowed = True
    return found, roster


@pytest.mark.parametrize(("stage", "step"), list(itertools.product(Stage, Step)))
def test_the_table_is_total(stage, step):
    """What the table does not name cannot happen, and says which spare it was."""
    spare = Spare(7, stage)
    if step in TRANSITIONS[stage]:
        spare.move(step)
        assert spare.stage is TRANSITIONS[stage][step]
    else:
        with pytest.raises(InvalidTransition, match="spare 7"):
            spare.move(step)


def test_as_many_are_kept_as_will_be_needed():
    """Never more than the policy allows, nor than there are groups without a process."""
    for text, number, wanted in [("a b c", 1, 1), ("a b c", 2, 2), ("a", 2, 1), ("a b", 0, 0)]:
        found, _roster = spares(text, number)
        started = found.keep(NOW, stopping=False)
        assert [do.StartSpare(n + 1) for n in range(wanted)] == started
        assert [] == found.keep(NOW, stopping=False)


def test_none_where_there_may_be_none():
    """Where processes are forked, or the run is stopping."""
    found, _roster = spares()
    assert [] == found.keep(NOW, stopping=True)
    found.allowed = False
    assert [] == found.keep(NOW, stopping=False)


def test_the_oldest_is_adopted_and_its_number_is_not_given_twice():
    """A spare becomes the worker of its own number."""
    found, roster = spares(number=2)
    found.keep(NOW, stopping=False)
    assert [1, 2, 0] == [found.adopt() for _ in range(3)]
    assert 3 == roster.next_number()


def test_one_that_died_has_no_successor():
    """What killed it would kill the next one; a worker is then started as if there were none."""
    found, _roster = spares()
    found.keep(NOW, stopping=False)
    found.bury(1)
    assert [] == found.keep(NOW, stopping=False)
    assert 0 == found.adopt()


def test_one_that_nobody_needs_is_dismissed_and_killed_when_it_stays():
    """It has the grace of a process that is asked to end; then, once a second, SIGKILL."""
    found, _roster = spares()
    found.keep(NOW, stopping=False)
    assert [do.Finish(1)] == found.keep(NOW, stopping=True)
    assert [] == found.keep(NOW, stopping=True)
    assert NOW + 2.0 == found.next_deadline()
    assert [] == found.kill_late(NOW + 1.9)
    assert [do.Escalate(1, End.KILL)] == found.kill_late(NOW + 2.0)
    assert NOW + 3.0 == found.next_deadline()
    found.bury(1)
    assert (None, {}) == (found.next_deadline(), found.alive)


def test_the_end_of_one_that_was_dismissed_forbids_no_other():
    """A run that got work again, a test to be run once more, may have spares again."""
    found, _roster = spares()
    found.keep(NOW, stopping=False)
    found.keep(NOW, stopping=True)
    found.bury(1)
    assert [do.StartSpare(2)] == found.keep(NOW, stopping=False)


def test_a_stranger_cannot_end():
    """The end of a spare that is not there is a bug of the shell, and told."""
    found, _roster = spares()
    with pytest.raises(InvalidTransition, match="spare 3"):
        found.bury(3)

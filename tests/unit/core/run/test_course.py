"""Specification of `core.run.course`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.course import Course
from pytest_bulkhead.core.run.worker import Stage
from pytest_bulkhead.errors import InvalidTransition

from ..suites import items


def course_of(text="a a", workers=2, *, staged=False, **policy):
    course = Course(Policy(workers=workers, stage=True, **policy))
    course.items = tuple(items(text))
    course.roster.plan(course.items, course.policy, staged=staged)
    return course


def hire(course, group=0):
    worker = course.roster.hire(group, forked=True)
    worker.stage = Stage.RUNNING
    return worker


def crash(worker, subject="session f of session"):
    return do.ReportCrash(worker.id, 0, Phase.SETUP, subject, End(signal=11), 0.0)


def test_a_worker_that_is_not_alive_is_a_bug():
    """Nobody can speak of one that was never started."""
    with pytest.raises(InvalidTransition):
        course_of().worker(7)


def test_the_next_deadline_is_the_earliest():
    """Of all workers, the template, and the wish to close."""
    course = course_of()
    one, two = hire(course), hire(course)
    assert course.next_deadline() is None
    one.deadline, two.deadline, course.closable = 5.0, 3.0, 4.0
    assert 3.0 == course.next_deadline()


def test_the_clock_of_a_test_is_its_own_limit():
    """A worker that must end has another one."""
    course = course_of(timeout=10.0)
    worker = hire(course)
    worker.start(0, 1.0)
    course.set_deadline(worker, 1.0)
    assert 11.0 == worker.deadline
    worker.killed_for = "it hung"
    course.set_deadline(worker, 5.0)
    assert 11.0 == worker.deadline


@pytest.mark.parametrize(("staged", "told"), [(False, [2]), (True, [1, 2])])
def test_who_hears_of_a_doomed_fixture(staged, told):
    """Everybody who may set it up: the worker that died is gone, a staged one goes on."""
    course = course_of(level=Level.FUNCTION if staged else Level.SESSION, staged=staged)
    worker, _other = hire(course), hire(course)
    course.report_crash(worker, crash(worker))

    assert told == [wish.worker for wish in course.wishes if isinstance(wish, do.Condemn)]
    assert ["session f of session"] == list(course.doomed)


def test_a_victim_condemns_nobody():
    """What was killed with its template proves nothing against a fixture."""
    course = course_of()
    worker = hire(course)
    worker.victim = True
    course.report_crash(worker, crash(worker))
    assert {} == course.doomed

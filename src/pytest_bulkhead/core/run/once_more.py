"""Starts attempts at tests that have been run before, and judges how they end.

What is tried again, and what for, is `attempts`; this is what a run does about it, as `staged` is
for what is below a staged worker.
"""

from __future__ import annotations

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.run import death, template
from pytest_bulkhead.core.run.attempts import Attempt
from pytest_bulkhead.core.run.course import Course
from pytest_bulkhead.core.run.worker import Worker


def begin(course: Course, now: float) -> bool:
    """Start the next attempt, when nothing else is left to do.

    Returns:
        Whether there is one, or it has to wait for a template.
    """
    if course.forking and course.template.stage is template.Stage.COLLECTING and course.items:
        return not course.stopping
    serves = not course.forking or course.template.stage is template.Stage.READY
    attempt = course.attempts.next(now) if serves and not course.stopping else None
    if attempt is None:
        course.wishes += [do.TellWithheld(item) for item in course.attempts.abandon()]
        return False
    _start(course, attempt, now)
    return True


def _start(course: Course, attempt: Attempt, now: float) -> None:
    group = course.roster.group_of(attempt.item)
    fresh = course.roster.groups[group].wants_fresh and not course.policy.fork
    forked = course.forking and not fresh
    spare = 0 if forked or fresh else course.spares.adopt()
    worker = course.roster.hire(group, forked, spare, attempt)
    if not attempt.counts:
        course.trials[worker.id] = Ledger(len(course.items))
    course.set_deadline(worker, now)
    worker.give(attempt.items, last=True)
    # What killed a process in its set-up is what may have to be tried.
    course.want(course.roster.start_of(worker, ()))
    course.want(do.Assign(worker.id, attempt.items, do.END))


def end_trial(course: Course, worker: Worker, now: float) -> None:
    """Learn how the test of a trial has ended: its process is gone."""
    assert worker.attempt is not None, "only an attempt is a trial"
    ledger, item = course.trials.pop(worker.id), worker.attempt.item
    owned = death.is_owned(worker, ledger) and not course.interrupts
    state = ledger.state(item)
    if owned:
        broken = State.TIMED_OUT if worker.timed_out else State.CRASHED
        state = broken if worker.item == item else State.NOT_RUN
    answer = course.attempts.learn(state, now, stopped=course.interrupts > 0)
    if answer is not None:
        course.want(answer)


def settle_retry(course: Course, worker: Worker) -> None:
    """Say what a test has come to, now that the process of a retry is gone."""
    assert worker.attempt is not None, "only an attempt is a retry"
    item, attempts = worker.attempt.item, course.attempts
    if attempts.is_due(item):
        return
    state = course.ledger.state(item)
    if state is State.PASSED:
        course.ledger.settle(item, State.FLAKY)
    elif item in attempts.withheld and state in (State.NOT_RUN, State.CRASHED):
        course.ledger.settle(item, State.CRASHED)
        course.want(do.TellWithheld(item))
    attempts.withheld.discard(item)

"""What a staged worker says of the processes below it, and what their ends mean.

Theory of operation: a staged worker runs no test itself. It sets up the fixtures that are wider
than a cell (the tests that share a process), or forks **stages** that do so for a module or class,
and forks a process for each cell. All of them speak through the worker's one channel, one at a
time, so to the run they are one worker, with a test in hand or none. When one of them dies, the
worker tells, and goes on.

Invariants:

- While a stage is busy with a set-up, the test that needs it is in hand: it is the one to blame.
- A test that was in hand for a set-up that went well waits again, in its place.
- The worker's clock and its patience begin anew with each process below it.
"""

from __future__ import annotations

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.escalation import LEAVE_LIMIT
from pytest_bulkhead.core.run import death
from pytest_bulkhead.core.run.course import Course
from pytest_bulkhead.core.run.worker import Stage, Worker

#: The place of a stage of the session; others are node ids, and none of those is so short.
SESSION = "session"


def on_stage_busy(course: Course, event: ev.StageBusy, now: float) -> None:
    """Put the test that a stage works for into the worker's hand, or note that it clears."""
    worker = course.worker(event.worker)
    if event.clearing:
        worker.clearing = event.item
        limit = course.policy.limit_of(course.items[event.item])
        worker.deadline = None if limit is None else now + limit
    else:
        course.ledger.start(event.item)
        worker.earlier = len(worker.done)  # a stage runs no test
        worker.start(event.item, now)
        course.set_deadline(worker, now)


def settle_stage(course: Course, event: ev.StageIdle, now: float) -> bool:
    """Take the test that a stage has worked for back out of the hand.

    Returns:
        Whether it has ended with that: what it had reported decided it.
    """
    worker = course.worker(event.worker)
    worker.clearing = None
    ended = _put_down(course, worker)
    course.catch_up(worker, now)
    if event.leaving:
        _expect_end(worker, now)
    return ended


def on_stage_unforkable(course: Course, event: ev.StageUnforkable, _now: float) -> None:
    """Note which tests had to run together."""
    course.together[event.place] = event.why
    if event.place == SESSION:
        course.worker(event.worker).unforkable = True


def on_test_reported(course: Course, worker: Worker, event: ev.TestReported, now: float) -> None:
    """Note a report; after the last one of a test, its process has to leave."""
    if worker.clearing is not None:
        course.ledger.teardown_errors += event.outcome == "failed"
        return
    course.ledger.report(event.item, event.when, event.outcome, event.xfail)
    course.set_deadline(worker, now)
    if event.when == "teardown":
        _expect_end(worker, now)


def judge_end(course: Course, event: ev.CellEnded, now: float) -> bool:
    """Judge the end of a process below a worker, and let the worker go on.

    Returns:
        Whether the test in hand has ended with it.
    """
    worker = course.worker(event.worker)
    if course.interrupts:
        return _put_down(course, worker)
    ended = False
    if worker.clearing is not None:
        course.ledger.teardown_errors += 1
        course.report_crash(worker, death.crash_of_stage(worker, event))
    elif worker.item is not None and not course.ledger.torn_down(worker.item):
        course.report_crash(worker, death.bury_test(worker, course.ledger, event, now))
        ended = True
    else:
        course.want(death.breach_of_cell(worker, event))
        ended = _put_down(course, worker)
    worker.revive()
    course.set_deadline(worker, now)
    return ended


def is_at_work_alone(course: Course) -> bool:
    """Whether the stage of the session may be setting up, or tearing down, what workers share."""
    waiting = (worker.stage is Stage.STARTING for worker in course.workers.values())
    return course.policy.shares_models and all(waiting)


def _expect_end(worker: Worker, now: float) -> None:
    """Begin to wait for the end of the process at work."""
    if not worker.killed_for:
        worker.deadline = now + LEAVE_LIMIT


def _put_down(course: Course, worker: Worker) -> bool:
    """Keep what the test in hand reported; return whether that decides it, else it has not run."""
    item = worker.item
    death.let_go(worker, course.ledger)
    ended = item is not None and worker.item is None
    worker.item = None
    return ended

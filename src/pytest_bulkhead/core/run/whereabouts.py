"""What workers say of where they are in their lives: noted, and the clock set for what follows.

Nothing is given out or taken back for it; what needs that is decided in `run`.
"""

from __future__ import annotations

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.run.course import Course
from pytest_bulkhead.core.run.worker import Step


def on_worker_joined(course: Course, event: ev.WorkerJoined, now: float) -> None:
    """Note that a worker is there."""
    worker = course.worker(event.worker)
    worker.move(Step.JOINED)
    course.catch_up(worker, now)


def on_worker_leaving(course: Course, event: ev.WorkerLeaving, now: float) -> None:
    """Note that a worker has finished its session."""
    worker = course.worker(event.worker)
    worker.move(Step.LEAVES)
    course.set_deadline(worker, now)


def on_worker_muted(course: Course, event: ev.WorkerMuted, now: float) -> None:
    """Note that nothing more will be heard of a worker."""
    # The end of a process closes its channel too, and either may be heard first.
    if event.worker in course.workers:
        course.workers[event.worker].mute(event.why, now)


def on_terminal_lent(course: Course, event: ev.TerminalLent, _now: float) -> None:
    """Stop the clock of a worker that is debugged."""
    worker = course.worker(event.worker)
    if not worker.killed_for:
        worker.deadline = None


def on_terminal_returned(course: Course, event: ev.TerminalReturned, now: float) -> None:
    """Set the clock of a worker going again."""
    course.set_deadline(course.worker(event.worker), now)

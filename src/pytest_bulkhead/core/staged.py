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

from typing import TYPE_CHECKING

from pytest_bulkhead.core import death
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.escalation import LEAVE_LIMIT
from pytest_bulkhead.core.worker import Worker

if TYPE_CHECKING:
    from pytest_bulkhead.core.run import Run


def on_stage_busy(run: Run, event: ev.StageBusy, now: float) -> None:
    """Put the test that a stage works for into the worker's hand, or note that it clears."""
    worker = run.worker(event.worker)
    if event.clearing:
        worker.clearing = event.item
        worker.deadline = None
    else:
        run.ledger.start(event.item)
        worker.earlier = len(worker.done)  # a stage runs no test
        worker.start(event.item, now)
        run.set_deadline(worker, now)


def on_stage_idle(run: Run, event: ev.StageIdle, now: float) -> None:
    """Take the test that a stage has worked for back out of the hand."""
    worker = run.worker(event.worker)
    worker.clearing = None
    _settle(run, worker, now)
    run.catch_up(worker, now)
    if event.leaving:
        expect_end(worker, now)


def on_stage_unforkable(run: Run, event: ev.StageUnforkable, _now: float) -> None:
    """Note which tests had to run together."""
    run.together[event.place] = event.why


def on_test_reported(run: Run, worker: Worker, event: ev.TestReported, now: float) -> None:
    """Note a report; after the last one of a test, its process has to leave."""
    if worker.clearing is not None:
        run.ledger.teardown_errors += event.outcome == "failed"
        return
    run.ledger.report(event.item, event.when, event.outcome, event.xfail)
    run.set_deadline(worker, now)
    if event.when == "teardown":
        expect_end(worker, now)


def expect_end(worker: Worker, now: float) -> None:
    """Begin to wait for the end of the process at work."""
    if not worker.killed_for:
        worker.deadline = now + LEAVE_LIMIT


def on_cell_ended(run: Run, event: ev.CellEnded, now: float) -> None:
    """Judge the end of a process below a worker, and let the worker go on."""
    worker = run.worker(event.worker)
    if run.interrupts:
        _settle(run, worker, now)
        return
    if worker.clearing is not None:
        run.ledger.teardown_errors += 1
        run.report_crash(worker, death.crash_of_stage(worker, event))
    elif worker.item is not None and not run.ledger.torn_down(worker.item):
        run.report_crash(worker, death.bury_test(worker, run.ledger, event, now))
        run.count_finished(worker, now)
    else:
        run.want(death.breach_of_cell(worker, event))
        _settle(run, worker, now)
    worker.revive()
    run.set_deadline(worker, now)


def _settle(run: Run, worker: Worker, now: float) -> None:
    """Keep what the test in hand reported; when that does not decide, it has not run."""
    item = worker.item
    death.let_go(worker, run.ledger)
    if item is not None and worker.item is None:
        run.count_finished(worker, now)
    worker.item = None

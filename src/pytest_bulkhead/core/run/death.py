"""What the end of a worker means for the test that it had in hand.

Theory of operation: of the two witnesses, the black box is written before each deed and the reports
arrive after it, so whichever of them speaks of the later phase knows better.

Invariants:

- A report that arrived is never lost or changed: what it decided stays, and the death is an error
  at teardown.
- A test is blamed only for an end that came by itself, or that was decided while it was in hand.
- A test that is not blamed and not decided has not run: it waits again.
"""

from __future__ import annotations

from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.actions import ReportBreach, ReportCrash
from pytest_bulkhead.core.events import CellEnded, WorkerEnded
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.core.run.worker import Stage, Worker


def is_owned(worker: Worker, ledger: Ledger) -> bool:
    """Whether the test in hand is to blame, and not one before it, or none."""
    item = worker.item
    if item is None or ledger.torn_down(item):
        return False
    return not worker.killed_for or worker.kill_item == item


def let_go(worker: Worker, ledger: Ledger) -> None:
    """Keep what the test in hand reported; when that does not decide, it has not run."""
    item = worker.item
    if item is None:
        return
    if ledger.decided(item) or ledger.torn_down(item):
        ledger.close(item)
        worker.settle()
    else:
        ledger.reopen(item)


def bury_test(
    worker: Worker, ledger: Ledger, event: WorkerEnded | CellEnded, now: float
) -> ReportCrash:
    """Give the test in hand its final state; return what is to be told about it."""
    item = worker.item
    assert item is not None, "only a worker with a test in hand has one to bury"
    phase, subject = _place(item, ledger, event.doing)
    before = worker.before()
    # Under a staged worker that lives on, what is left goes on where its fixtures stand.
    ended = isinstance(event, WorkerEnded)
    decided = ledger.decided(item)
    if decided:
        ledger.report(item, "teardown", "failed", xfail=False)
        ledger.close(item)
    else:
        ledger.close(item, State.TIMED_OUT if worker.timed_out else State.CRASHED)
    worker.settle()
    rest = len(worker.todo) if ended else 0
    return ReportCrash(
        worker.id, item, phase, subject, event.end, now - worker.item_since,
        worker.killed_for, worker.timed_out, decided, rest, before,
    )  # fmt: skip


def _place(item: int, ledger: Ledger, doing: Blame) -> tuple[Phase, str]:
    """Return the phase of a death and its fixture, by the witness who saw more."""
    reported = ledger.phase(item)
    if doing.item != item or not doing.phase.in_test or doing.phase < reported:
        return reported, ""
    return doing.phase, doing.subject


def breach_of(worker: Worker, event: WorkerEnded) -> ReportBreach:
    """Return what is to be told of a death that no test owned."""
    doing = event.doing
    phase = Phase.LEAVING if worker.stage in (Stage.LEAVING, Stage.LEFT) else doing.phase
    done = tuple(worker.done)
    return ReportBreach(worker.id, phase, doing.subject, event.end, worker.killed_for, done)


def condemned_fixture(crash: ReportCrash) -> str:
    """Return the fixture that must not be set up again; empty for none.

    One of function scope is the test's own: its test is not run again anyway.
    """
    wide = not crash.subject.startswith("function ")
    return crash.subject if crash.phase is Phase.SETUP and wide else ""


def crash_of_stage(worker: Worker, event: CellEnded | WorkerEnded) -> ReportCrash:
    """Return what is to be told of a stage that died while it tore its fixtures down.

    Its last test has long been reported, so this is an error at teardown, as in plain pytest.
    """
    assert worker.clearing is not None, "only a stage that clears can die clearing"
    return ReportCrash(
        worker.id, worker.clearing, Phase.TEARDOWN, event.doing.subject, event.end, 0.0,
        worker.killed_for, worker.timed_out, decided=True,
    )  # fmt: skip


def breach_of_cell(worker: Worker, event: CellEnded) -> ReportBreach:
    """Return what is to be told of the end of a process below a worker that no test owned."""
    doing = event.doing
    items = (doing.item,) if doing.item >= 0 else ()
    return ReportBreach(worker.id, doing.phase, doing.subject, event.end, worker.killed_for, items)

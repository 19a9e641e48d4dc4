"""The chart of a run: which test was where and when, as numbers that can be drawn.

Theory of operation: the chart looks on. Each time that the run has taken an event into account, it
compares what the worker in question has in hand with what that had before: there an attempt at a
test begins or ends. How long phases took is what the test's own reports say.

It knows no clock, no file and no form of a drawing: those are in `chart_trace` and `chart_page`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.run import Run
from pytest_bulkhead.core.worker import Worker


@dataclasses.dataclass(slots=True)
class Attempt:
    """An attempt at a test, as it was heard of; instants are those of the journal."""

    worker: int
    item: int
    begun: float
    #: It began no earlier than this: its process, or the set-up of its wide fixtures, came before.
    floor: float
    #: It is the first one of a process below its worker.
    fresh: bool = False
    #: A stage sets wide fixtures up for the test, or tears them down after it: that is not its run.
    staging: bool = False
    clearing: bool = False
    #: It was made to learn something, and does not count.
    trial: bool = False
    ended: float = 0.0
    #: How the test stood when it was put down; RUNNING for ever when nobody put it down.
    state: State = State.RUNNING
    #: {phase: the seconds that it took, by its report}
    phases: dict[str, float] = dataclasses.field(default_factory=dict)

    @property
    def of_stage(self) -> bool:
        """Whether a stage was at work, and not the test."""
        return self.staging or self.clearing


@dataclasses.dataclass(slots=True)
class Process:
    """A worker's process."""

    worker: Worker
    group: str
    begun: float
    #: Where it is noted what its tests do: for a trial that is not the run's own.
    ledger: Ledger
    trial: bool = False
    ended: float | None = None
    end: End | None = None
    #: It had said its last word before it ended.
    left: bool = False

    @property
    def slot(self) -> int:
        """The number of its worker id."""
        return self.worker.slot


class Remark(NamedTuple):
    """Something that befell the run at an instant."""

    now: float
    #: The slot of the worker that it befell; None for the run as a whole.
    slot: int | None
    text: str


class Noted(NamedTuple):
    """A line of evidence, as the journal has it."""

    now: float
    facts: Mapping[str, Any]


#: Of these kinds of evidence there is something to be seen.
_SHOWN = ("text", "leak", "finding", "native", "answer")


class Chart:
    """Looks on while a run goes on, or is replayed."""

    def __init__(self, run: Run) -> None:
        self.run = run
        #: In the order in which they began.
        self.attempts: list[Attempt] = []
        #: {worker: its process}, in the order in which they were started.
        self.processes: dict[int, Process] = {}
        self.remarks: list[Remark] = []
        self.noted: list[Noted] = []
        #: The first instant and the latest one; None before the first event.
        self.first: float | None = None
        self.last = 0.0
        self._in_hand: dict[int, Attempt] = {}
        #: {worker: the latest set-up of wide fixtures there}
        self._staging: dict[int, Attempt] = {}

    def look(self, event: ev.Event, actions: Iterable[do.Action], now: float) -> None:
        """Look at what has become of an event.

        Args:
            event: it happened, and the run has taken it into account.
            actions: what the run wants done about it.
            now: its instant.
        """
        self.first = now if self.first is None else self.first
        self.last = now
        worker = getattr(event, "worker", 0)
        if isinstance(event, ev.TestReported):
            self._add_phase(event)
        elif worker in self.processes:
            self._look_at_worker(event, self.processes[worker], now)
        elif isinstance(event, ev.KeeperLost):
            for process in self.processes.values():
                self._bury(process, event.end, now)
        elif isinstance(event, ev.StopAsked):
            self.remarks.append(Remark(now, None, f"no further test: {event.reason}"))
        elif isinstance(event, ev.Interrupted):
            self.remarks.append(Remark(now, None, "interrupted"))
        elif isinstance(event, ev.TemplateEnded) and not event.end.clean:
            where = f" while {event.collecting} was collected" if event.collecting else ""
            self.remarks.append(Remark(now, None, f"the template ended with {event.end}{where}"))
        for action in actions:
            if isinstance(action, do.StartWorker):
                self._start(action, now)

    def note(self, facts: Mapping[str, Any], now: float | None = None) -> None:
        """Note a line of evidence; by default at the latest instant."""
        if any(kind in facts for kind in _SHOWN):
            # Sections of a report that was told go on growing: what is learnt later is noted later.
            kept = {name: list(v) if isinstance(v, list) else v for name, v in facts.items()}
            self.noted.append(Noted(self.last if now is None else now, kept))

    def _start(self, action: do.StartWorker, now: float) -> None:
        worker, run = self.run.workers[action.worker], self.run
        group, ledger = run.roster.groups[action.group].name, run.ledger_of(worker)
        self.processes[worker.id] = Process(worker, group, now, ledger, worker.id in run.trials)

    def _add_phase(self, event: ev.TestReported) -> None:
        attempt = self._in_hand.get(event.worker)
        if attempt is not None and attempt.item == event.item and not attempt.of_stage:
            phases = attempt.phases
            phases[event.when] = phases.get(event.when, 0.0) + event.duration

    def _look_at_worker(self, event: Any, process: Process, now: float) -> None:  # noqa: ANN401
        alive = process.worker.id in self.run.workers
        item = _at_work_for(process.worker) if alive else None
        attempt = self._in_hand.get(process.worker.id)
        if attempt is not None and attempt.item != item:
            self._put_down(attempt, process, now)
            attempt = None
        if attempt is None and item is not None:
            self._pick_up(event, process, item, now)
        if isinstance(event, ev.WorkerLeft):
            process.left = True
        elif isinstance(event, (ev.WorkerEnded, ev.SpareEnded)):
            self._bury(process, event.end, now)

    def _pick_up(self, event: ev.Event, process: Process, item: int, now: float) -> None:
        worker = process.worker
        fresh = worker.staged and isinstance(event, ev.TestStarted) and event.fresh
        clearing = isinstance(event, ev.StageBusy) and event.clearing
        staging = isinstance(event, ev.StageBusy) and not clearing
        earlier = self._staging.get(worker.id)
        floor = earlier.ended if earlier and earlier.item == item else process.begun
        attempt = Attempt(
            worker.id, item, now, floor, fresh or staging, staging, clearing, process.trial
        )
        self.attempts.append(attempt)
        self._in_hand[worker.id] = attempt
        if staging:
            self._staging[worker.id] = attempt

    def _put_down(self, attempt: Attempt, process: Process, now: float) -> None:
        attempt.ended = now
        attempt.state = process.ledger.state(attempt.item)
        if process.trial and attempt.state is State.RUNNING:  # its ledger goes with its process
            attempt.state = State.TIMED_OUT if process.worker.timed_out else State.CRASHED
        del self._in_hand[attempt.worker]

    def _bury(self, process: Process, end: End, now: float) -> None:
        if process.ended is None:
            process.ended, process.end = now, end
        attempt = self._in_hand.get(process.worker.id)
        if attempt is not None:
            self._put_down(attempt, process, now)


def _at_work_for(worker: Worker) -> int | None:
    return worker.clearing if worker.item is None else worker.item


class Span(NamedTuple):
    """An attempt, and from when to when it really lasted, in seconds from the run's first event."""

    attempt: Attempt
    slot: int
    begun: float
    ended: float

    @property
    def phases(self) -> dict[str, float]:
        """How long its phases took; a report counts a stage's set-up as the test's own."""
        phases = self.attempt.phases
        excess = sum(phases.values()) - (self.ended - self.begun)
        if excess <= 0 or "setup" not in phases:
            return phases
        return {**phases, "setup": max(0.0, phases["setup"] - excess)}


def spans_of(chart: Chart) -> list[Span]:
    """Return the attempts in the order in which they began.

    Reports gather for a while before they are heard, so many short tests are heard of at once. But
    a worker runs one at a time, and each took as long as it says: what was heard last ended when it
    was heard, and what came before it ended, at the latest, when that began.
    """
    first = chart.first or 0.0
    next_begins: dict[int, float] = {}
    spans = []
    for attempt in reversed(chart.attempts):
        heard = chart.last if attempt.state is State.RUNNING else attempt.ended
        ended = min(heard, next_begins.get(attempt.worker, heard))
        begun = min(attempt.begun, ended - sum(attempt.phases.values()))
        begun = max(begun, min(ended, attempt.floor))
        next_begins[attempt.worker] = begun
        slot = chart.processes[attempt.worker].slot
        spans.append(Span(attempt, slot, begun - first, ended - first))
    spans.reverse()
    spans.sort(key=lambda span: span.begun)
    return spans


#: What pytest's phases are called, in their order.
PHASES = ("setup", "call", "teardown")


def phases_of(span: Span) -> Iterator[tuple[str, float, float]]:
    """Yield (phase, from, to) of a span, in seconds from the run's first event.

    A phase that no report tells of was cut short: it lasts until the end.
    """
    at, phases = span.begun, span.phases
    for name in PHASES:
        if name not in phases:
            if at < span.ended and not span.attempt.of_stage:
                yield name, at, span.ended
            return
        until = min(span.ended, at + phases[name])
        yield name, at, until
        at = until


def how_it_ended(process: Process) -> str:
    """Return how a process ended, in few words."""
    if process.end is None:
        return "alive when the journal ended"
    return "left" if process.left and process.end.clean else f"ended with {process.end}"

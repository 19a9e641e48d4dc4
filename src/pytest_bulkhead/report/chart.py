"""The chart of a run: which test was where and when, as numbers that can be drawn.

Theory of operation: the chart looks on. Each time that the run has taken an event into account, it
compares what the worker in question has in hand with what that had before: there a **stint** begins
or ends, a time for which the worker, or a stage below it, is at work for one test. How long phases
took is what the test's own reports say.

It knows no clock, no file and no form of a drawing: those are in `chart_trace` and `chart_page`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.core.run.worker import Worker
from pytest_bulkhead.report.lives import Life, Lives, state_in


@dataclasses.dataclass(slots=True)
class Stint:
    """A time of work for a test, as it was heard of; instants are those of the journal."""

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
        self.stints: list[Stint] = []
        self.lives = Lives()
        self.remarks: list[Remark] = []
        self.noted: list[Noted] = []
        #: The first instant and the latest one; None before the first event.
        self.first: float | None = None
        self.last = 0.0
        self._in_hand: dict[int, Stint] = {}
        #: {worker: the latest set-up of wide fixtures there}
        self._staging: dict[int, Stint] = {}

    def look(self, event: ev.Event, actions: Iterable[do.Action], now: float) -> None:
        """Look at what has become of an event.

        Args:
            event: it happened, and the run has taken it into account.
            actions: what the run wants done about it.
            now: its instant.
        """
        self.first = now if self.first is None else self.first
        self.last = now
        self.lives.note(self.run, event, actions, now)
        if isinstance(event, ev.TestReported):
            self._add_phase(event)
        elif isinstance(event, ev.KeeperLost):
            for stint in list(self._in_hand.values()):
                self._put_down(stint, self.lives.of[stint.worker], now)
        elif life := self.lives.of.get(getattr(event, "worker", 0)):
            self._look_at_worker(event, life, now)
        else:
            self._remark(event, now)

    def _remark(self, event: ev.Event, now: float) -> None:
        if isinstance(event, ev.StopAsked):
            self.remarks.append(Remark(now, None, f"no further test: {event.reason}"))
        elif isinstance(event, ev.Interrupted):
            self.remarks.append(Remark(now, None, "interrupted"))
        elif isinstance(event, ev.TemplateEnded) and not event.end.clean:
            where = f" while {event.collecting} was collected" if event.collecting else ""
            self.remarks.append(Remark(now, None, f"the template ended with {event.end}{where}"))

    def note(self, facts: Mapping[str, Any], now: float | None = None) -> None:
        """Note a line of evidence; by default at the latest instant."""
        if any(kind in facts for kind in _SHOWN):
            # Sections of a report that was told go on growing: what is learnt later is noted later.
            kept = {name: list(v) if isinstance(v, list) else v for name, v in facts.items()}
            self.noted.append(Noted(self.last if now is None else now, kept))

    def _add_phase(self, event: ev.TestReported) -> None:
        stint = self._in_hand.get(event.worker)
        if stint is not None and stint.item == event.item and not stint.of_stage:
            phases = stint.phases
            phases[event.when] = phases.get(event.when, 0.0) + event.duration

    def _look_at_worker(self, event: ev.Event, life: Life, now: float) -> None:
        worker = life.worker
        item = _at_work_for(worker) if worker.id in self.run.workers else None
        stint = self._in_hand.get(worker.id)
        if stint is not None and stint.item != item:
            self._put_down(stint, life, now)
            stint = None
        if stint is None and item is not None:
            self._pick_up(event, life, item, now)

    def _pick_up(self, event: ev.Event, life: Life, item: int, now: float) -> None:
        worker = life.worker
        fresh = worker.staged and isinstance(event, ev.TestStarted) and event.fresh
        clearing = isinstance(event, ev.StageBusy) and event.clearing
        staging = isinstance(event, ev.StageBusy) and not clearing
        earlier = self._staging.get(worker.id)
        floor = earlier.ended if earlier and earlier.item == item else life.started
        stint = Stint(
            worker.id, item, now, floor, fresh or staging, staging, clearing, worker.trial
        )
        self.stints.append(stint)
        self._in_hand[worker.id] = stint
        if staging:
            self._staging[worker.id] = stint

    def _put_down(self, stint: Stint, life: Life, now: float) -> None:
        stint.ended, stint.state = now, state_in(self.run, life.worker, stint.item)
        del self._in_hand[stint.worker]


def _at_work_for(worker: Worker) -> int | None:
    return worker.clearing if worker.item is None else worker.item


class Span(NamedTuple):
    """A stint, and from when to when it really lasted, in seconds from the run's first event."""

    stint: Stint
    slot: int
    begun: float
    ended: float

    @property
    def phases(self) -> dict[str, float]:
        """How long its phases took; a report counts a stage's set-up as the test's own."""
        phases = self.stint.phases
        excess = sum(phases.values()) - (self.ended - self.begun)
        if excess <= 0 or "setup" not in phases:
            return phases
        return {**phases, "setup": max(0.0, phases["setup"] - excess)}


def spans_of(chart: Chart) -> list[Span]:
    """Return the stints in the order in which they began.

    Reports gather for a while before they are heard, so many short tests are heard of at once. But
    a worker runs one at a time, and each took as long as it says: what was heard last ended when it
    was heard, and what came before it ended, at the latest, when that began.
    """
    first = chart.first or 0.0
    next_begins: dict[int, float] = {}
    spans = []
    for stint in reversed(chart.stints):
        heard = chart.last if stint.state is State.RUNNING else stint.ended
        ended = min(heard, next_begins.get(stint.worker, heard))
        begun = min(stint.begun, ended - sum(stint.phases.values()))
        begun = max(begun, min(ended, stint.floor))
        next_begins[stint.worker] = begun
        slot = chart.lives.of[stint.worker].worker.slot
        spans.append(Span(stint, slot, begun - first, ended - first))
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
            if at < span.ended and not span.stint.of_stage:
                yield name, at, span.ended
            return
        until = min(span.ended, at + phases[name])
        yield name, at, until
        at = until


def how_it_ended(life: Life) -> str:
    """Return how a process ended, in few words."""
    if life.end is None:
        return "alive when the journal ended"
    return "left" if life.left and life.end.clean else f"ended with {life.end}"

"""What each test of a run went through, noted while a journal is replayed.

An **attempt** is a time for which a worker had a test in hand: one for most tests, another one when
its process died under it, or somebody asked for it again. What a stage does for a test is a part of
the attempt that follows. A **trial** is one of which pytest has not heard (`core.run.attempts`).

Knows no text and no clock: instants are those of the journal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import NamedTuple

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.core.run.worker import Worker
from pytest_bulkhead.report.lives import state_in


class Reported(NamedTuple):
    """What was reported of a phase of a test."""

    when: str
    outcome: str
    seconds: float


@dataclasses.dataclass(slots=True)
class Attempt:
    """A time for which a worker had a test in hand."""

    item: int
    worker: Worker
    since: float
    #: The tests that had run before it in its process: this part of what its worker has done.
    earlier: slice
    #: A stage has it in hand, to set its wide fixtures up.
    in_stage: bool = False
    #: Seconds for which stages had it in hand before.
    staged: float = 0.0
    phases: list[Reported] = dataclasses.field(default_factory=list)
    #: None as long as it is in hand.
    until: float | None = None
    #: How it ended; NOT_RUN when it was put back, to be run again.
    state: State = State.RUNNING
    crash: do.ReportCrash | None = None

    @property
    def trial(self) -> bool:
        """Whether the test was run once more only to learn something of it, or of another one."""
        return self.worker.trial

    @property
    def before(self) -> list[int]:
        """The tests that ran before it in its process, in order."""
        return self.worker.done[self.earlier]

    @property
    def seconds(self) -> float:
        """How long it took: what it reported, or what passed until its end, if that is more.

        Reports that arrive together have one instant. What a stage did is a part of the set-up.
        """
        passed = self.until - self.since if self.until is not None else 0.0
        return max(passed + self.staged, sum(one.seconds for one in self.phases))


class Attempts:
    """The attempts of all tests."""

    def __init__(self) -> None:
        #: {item: its attempts, oldest first}
        self.of: dict[int, list[Attempt]] = {}
        #: {worker: what it has in hand}
        self._open: dict[int, Attempt] = {}
        #: {item: seconds for which stages had it in hand}
        self._staged: dict[int, float] = {}

    def seconds(self, item: int) -> float:
        """Return what a test took in all attempts but trials."""
        return sum(attempt.seconds for attempt in self.of.get(item, ()) if not attempt.trial)

    def note(self, run: Run, event: ev.Event, wishes: Iterable[do.Action], now: float) -> None:
        """Note what an event meant that the run has just handled.

        Args:
            run: as it is after the event.
            event: what happened.
            wishes: what the run wants done about it.
            now: the instant.
        """
        if isinstance(event, ev.TestReported) and event.item in self.of:
            reported = Reported(event.when, event.outcome, event.duration)
            self.of[event.item][-1].phases.append(reported)
        for wish in wishes:
            if isinstance(wish, do.ReportCrash) and wish.item in self.of:
                self.of[wish.item][-1].crash = wish
        self._close(run, now)
        if isinstance(event, ev.TestStarted):
            self._begin(run.workers[event.worker], event.item, now)
        elif isinstance(event, ev.StageBusy) and not event.clearing:
            self._begin(run.workers[event.worker], event.item, now, in_stage=True)

    def _begin(self, worker: Worker, item: int, now: float, *, in_stage: bool = False) -> None:
        earlier = slice(worker.earlier, len(worker.done))
        staged = self._staged.pop(item, 0.0)
        attempt = Attempt(item, worker, now, earlier, in_stage, staged)
        self.of.setdefault(item, []).append(attempt)
        self._open[worker.id] = attempt

    def _close(self, run: Run, now: float) -> None:
        """End what is in nobody's hand any more."""
        for attempt in list(self._open.values()):
            worker = attempt.worker
            if worker.item == attempt.item and worker.id in run.workers:
                continue
            del self._open[worker.id]
            attempt.until = now
            attempt.state = state_in(run, worker, attempt.item)
            if attempt.in_stage and attempt.state is State.NOT_RUN and attempt.crash is None:
                self.of[attempt.item].remove(attempt)
                self._staged[attempt.item] = attempt.seconds

"""The lives of a run's processes, noted while it goes on or is replayed.

Knows no text and no clock: instants are those of the journal.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.core.run.worker import Worker


@dataclasses.dataclass(slots=True)
class Life:
    """The life of a worker's process; an instant is None as long as it has not come."""

    worker: Worker
    group: str
    started: float
    joined: float | None = None
    #: Its session was finished: what is left are atexit functions and threads.
    leaving: float | None = None
    ended: float | None = None
    end: End | None = None
    #: Where it was when it ended.
    phase: Phase = Phase.STARTING
    #: It had said its last word before it ended.
    left: bool = False
    #: What a test that owned it died of.
    crash: do.ReportCrash | None = None
    #: How many processes below it died.
    fallen: int = 0

    @property
    def start_seconds(self) -> float:
        """How long it took to begin."""
        return 0.0 if self.joined is None else self.joined - self.started

    @property
    def leave_seconds(self) -> float:
        """How long it took to leave."""
        if self.leaving is None or self.ended is None:
            return 0.0
        return self.ended - self.leaving

    @property
    def seconds(self) -> float:
        """How long it lived."""
        return 0.0 if self.ended is None else self.ended - self.started


class Lives:
    """The lives of all workers, and of the first collection."""

    def __init__(self) -> None:
        #: {worker's number: its life}, in the order in which they were started.
        self.of: dict[int, Life] = {}
        #: {group: of each of its processes, whether it was forked}
        self.starts: dict[int, list[bool]] = {}
        self._begun = 0.0
        #: Seconds from the beginning of the run to the end of the first collection, 0.0 for none.
        self.collection_seconds = 0.0

    def note(self, run: Run, event: ev.Event, wishes: Iterable[do.Action], now: float) -> None:
        """Note what an event meant that the run has just handled.

        Args:
            run: as it is after the event.
            event: what happened.
            wishes: what the run wants done about it.
            now: the instant.
        """
        if isinstance(event, ev.Begun):
            self._begun = now
        elif isinstance(event, ev.Collected):
            self.collection_seconds = self.collection_seconds or now - self._begun
        elif isinstance(event, ev.KeeperLost):
            for life in self.of.values():
                _end(life, event.end, life.worker.phase, now)
        elif getattr(event, "worker", 0) in self.of:
            self._note_of(self.of[event.worker], event, now)  # type: ignore[union-attr]
        for wish in wishes:
            if isinstance(wish, do.StartWorker):
                self._begin(run, wish, now)
            elif isinstance(wish, do.ReportCrash):
                self._note_crash(run, wish)

    def _note_of(self, life: Life, event: ev.Event, now: float) -> None:
        if isinstance(event, ev.WorkerJoined):
            life.joined = now
        elif isinstance(event, ev.WorkerLeaving):
            life.leaving = now
        elif isinstance(event, ev.WorkerLeft):
            life.left = True
        elif isinstance(event, ev.CellEnded):
            life.fallen += 1
        elif isinstance(event, ev.WorkerEnded):
            _end(life, event.end, event.doing.phase, now)
        elif isinstance(event, ev.SpareEnded):
            _end(life, event.end, Phase.STARTING, now)

    def _begin(self, run: Run, wish: do.StartWorker, now: float) -> None:
        worker, group = run.workers[wish.worker], run.roster.groups[wish.group].name
        if worker.attempt is None:
            self.starts.setdefault(wish.group, []).append(wish.fork)
        else:
            group = "once more"  # it serves no group
        self.of[wish.worker] = Life(worker, group, now)

    def _note_crash(self, run: Run, crash: do.ReportCrash) -> None:
        life = self.of[crash.worker]
        # Where a process below it died, a staged worker goes on.
        if not (life.worker.staged and crash.worker in run.workers):
            life.crash = crash


def state_in(run: Run, worker: Worker, item: int) -> State:
    """Return how a test stands that a worker has put down; of a trial, how it stands there."""
    if not worker.trial:
        return run.ledger.state(item)
    ledger = run.trials.get(worker.id)
    if ledger is None:  # it has gone with its process, so that has died
        return State.TIMED_OUT if worker.timed_out else State.CRASHED
    return ledger.state(item)


def _end(life: Life, end: End, phase: Phase, now: float) -> None:
    if life.ended is None:
        life.ended, life.end, life.phase = now, end, phase

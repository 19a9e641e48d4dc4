"""The state of a run, and what every decision about it needs.

Knows how to read the state and to note a wish; what follows from an event is decided by `run` and,
for what is below a staged worker, by `staged`.
"""

from __future__ import annotations

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.escalation import LEAVE_LIMIT
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run import death
from pytest_bulkhead.core.run.attempts import TRIAL_LIMIT, Attempts
from pytest_bulkhead.core.run.returning import Returning
from pytest_bulkhead.core.run.roster import Roster
from pytest_bulkhead.core.run.spares import Spares
from pytest_bulkhead.core.run.template import Template
from pytest_bulkhead.core.run.worker import Stage, Step, Worker
from pytest_bulkhead.errors import InvalidTransition


class Course:
    """The state of a run."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.items: tuple[Item, ...] = ()
        self.ledger = Ledger(0)
        self.template = Template()
        self.roster = Roster()
        #: All and only the workers whose processes may still be alive.
        self.workers = self.roster.workers
        self.spares = Spares(policy, self.roster)
        self.returning = Returning(policy.gpu_release)
        self.attempts = Attempts(policy)
        #: {worker: the ledger of the trial that it runs}
        self.trials: dict[int, Ledger] = {}
        self.forking = not policy.spawn
        self.why_spawn = policy.why_spawn
        self.stopping = ""
        self.interrupts = 0
        self.closed = False
        #: {node: why the tests below it had to run together}
        self.together: dict[str, str] = {}
        #: {fixture: that, and why its set-up is not tried again}
        self.doomed: dict[str, do.Doomed] = {}
        #: The instant from which the run may close; None while that is not in sight.
        self.closable: float | None = None
        #: What the event that is being handled has made it want.
        self.wishes: list[do.Action] = []

    def next_deadline(self) -> float | None:
        """Return the instant at which a `Tick` is due; None for never."""
        deadlines = [worker.deadline for worker in self.workers.values()]
        deadlines += [self.template.deadline, self.closable, self.spares.next_deadline()]
        deadlines.append(self.returning.next_deadline())
        return min((instant for instant in deadlines if instant is not None), default=None)

    def in_hand(self) -> list[tuple[Worker, Item]]:
        """Return the workers that run a test now, and the tests."""
        return [(w, self.items[w.item]) for w in self.workers.values() if w.item is not None]

    def want(self, action: do.Action) -> None:
        """Want something done."""
        self.wishes.append(action)

    def worker(self, number: int) -> Worker:
        """Return a worker that is alive.

        Raises:
            InvalidTransition: it is not.
        """
        if number not in self.workers:
            raise InvalidTransition(f"worker {number} is not alive")
        return self.workers[number]

    def ledger_of(self, worker: Worker) -> Ledger:
        """Return where it is noted what a worker's tests do."""
        return self.trials.get(worker.id, self.ledger)

    def bury(self, worker: Worker, stillborn: bool, now: float) -> None:
        """Remove a worker whose process is gone; what it held may take longer to come back."""
        worker.move(Step.ENDED)
        if worker.attempt is not None:
            worker.todo.clear()  # it serves no group
        if self.roster.bury(worker, stillborn, bool(self.stopping)):
            self.wishes += self.returning.begin(worker.id, tuple(worker.done), now)

    def catch_up(self, worker: Worker, now: float) -> None:
        """Take it that a worker has done what its patience was for."""
        if not self.interrupts:
            worker.spare()
        self.set_deadline(worker, now)

    def set_deadline(self, worker: Worker, now: float) -> None:
        """Set the clock for what a worker does now; one that must end has its own."""
        if not worker.killed_for:
            item = worker.item
            limit = worker.limit if item is None else self.policy.limit_of(self.items[item])
            if self.policy.clean_exit and worker.stage is Stage.LEFT:
                limit = LEAVE_LIMIT  # its interpreter is finalised yet
            if item is not None and worker.id in self.trials:
                limit = min(limit or TRIAL_LIMIT, TRIAL_LIMIT)
            worker.deadline = None if limit is None else now + limit

    def report_crash(self, worker: Worker, crash: do.ReportCrash) -> None:
        """Have a crash told, and nobody set up again what it was the end of."""
        fixture = death.condemned_fixture(crash)
        if fixture and not worker.victim:
            doomed = self.doomed[fixture] = do.Doomed(fixture, crash.killed_for or str(crash.end))
            besides = None if worker.staged else worker
            self.wishes += [do.Condemn(w.id, doomed) for w in self.roster.listeners(besides)]
        self.want(self._judge(crash))

    def _judge(self, crash: do.ReportCrash) -> do.ReportCrash:
        """Decide whether a crash counts yet, and whether its cause is looked into."""
        attempts, item = self.attempts, crash.item
        if crash.timed_out:
            attempts.withheld.discard(item)
            return crash._replace(attempt=attempts.number(item))
        again = not (crash.decided or self.stopping) and attempts.retry(item)
        if not again:
            attempts.withheld.discard(item)
            attempts.ask_of_crash(item, crash.before)
        return crash._replace(again=again, attempt=attempts.number(item))

    def validate(self) -> None:
        """Assert the invariants of `run`; for tests."""
        assert self.interrupts or self.roster.active <= self.policy.workers, "too many are busy"
        waiting = self.roster.waiting()
        assert len(waiting) == len(set(waiting)), "an item waits twice"
        lost = set() if self.stopping else self.roster.due() - set(waiting)
        assert not [i for i in lost if self.ledger.state(i) is State.NOT_RUN], "an item was lost"
        assert not (self.closed and self.workers), "a worker outlives the run"
        assert not (self.closed and self.spares.alive), "a spare outlives the run"
        assert sum(self.ledger.counts().values()) == len(self.items)

"""A run: what happened goes in, what is to be done comes out.

Theory of operation: `handle(event, now)` is the only door. It changes the state of the run and
returns actions; the shell performs them, and what it learns in doing so is a new event. Time comes
in as a number. The same events in the same order give the same actions, so the journal of a run
can be replayed.

A worker is started for a group and given its shares (`grouping`). When its process ends while it
owns items, the item in hand is reported with its blame and the rest goes back to the front of the
pool, to go on in a new process. What killed a process is never run again unasked: neither the
test, nor the wide fixture whose set-up did it, nor the file whose import did it.

Invariants, asserted by `validate()`:

- At most `policy.workers` workers are busy.
- Every item that waits is in exactly one share of the pool or in one live worker's queue.
- No worker is alive once the run is closed.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core import template as template_life
from pytest_bulkhead.core import worker as worker_life
from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.escalation import (
    AFTER,
    LEAVE_LIMIT,
    MUTE_LIMIT,
    TERMINATE_GRACE,
    Step,
    grace_of,
    limit_of,
)
from pytest_bulkhead.core.grouping import Group, Share, form_groups, form_shares
from pytest_bulkhead.core.item import Blame, Item, Phase
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.pool import Pool
from pytest_bulkhead.core.scheduling import order_shares
from pytest_bulkhead.core.template import Template
from pytest_bulkhead.core.worker import Stage, Worker

#: The process number of the template in `Escalate`; workers count from 1.
TEMPLATE = 0

#: Deaths of a group's worker before its first test after which the group is given up.
STILLBORN_BUDGET = 2


@dataclasses.dataclass(frozen=True, slots=True)
class Policy:
    """What the user asked for."""

    level: Level = Level.SESSION
    #: How many tests may run at once.
    workers: int = 1
    #: Never fork a worker.
    spawn: bool = False
    #: Seconds that a test may take unless its mark says otherwise; None for no limit.
    timeout: float | None = None
    #: Seconds that are added to every limit, because a plugin in the worker enforces it first.
    slack: float = 0.0
    #: Seconds from SIGTERM to SIGKILL.
    grace: float = TERMINATE_GRACE
    #: {node id: seconds} of earlier runs.
    durations: Mapping[str, float] = dataclasses.field(default_factory=dict)


class Run:
    """The state of a run and the decisions about it."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.items: tuple[Item, ...] = ()
        self.groups: list[Group] = []
        self.ledger = Ledger(0)
        self.template = Template()
        #: All and only the workers whose processes may still be alive.
        self.workers: dict[int, Worker] = {}
        self.pool = Pool()
        self.forking = not policy.spawn
        self.why_spawn = "isolate_start = spawn" if policy.spawn else ""
        self.stopping = ""
        self.interrupts = 0
        self.closed = False
        #: {fixture: why its set-up is not tried again}
        self.doomed: dict[str, str] = {}
        self._started = 0
        self._stillborn: dict[int, int] = {}
        self._template_deadline: float | None = None
        self._template_step: Step | None = None
        self._actions: list[do.Action] = []

    def handle(self, event: ev.Event, now: float) -> list[do.Action]:
        """Take an event into account and return what is to be done, in order.

        Args:
            event: what happened.
            now: the instant, in seconds of a monotonic clock.

        Raises:
            InvalidTransition: the event cannot have happened: a bug of the shell or of this class.
        """
        self._actions = []
        if not self.closed:
            _HANDLERS[type(event)](self, event, now)
        return self._actions

    def next_deadline(self) -> float | None:
        """Return the instant at which a `Tick` is due; None for never."""
        deadlines = [w.deadline for w in self.workers.values() if w.deadline is not None]
        if self._template_deadline is not None:
            deadlines.append(self._template_deadline)
        return min(deadlines, default=None)

    def in_hand(self) -> list[tuple[Worker, Item]]:
        """Return the workers that run a test now, and the tests."""
        return [(w, self.items[w.item]) for w in self.workers.values() if w.item is not None]

    # -- the template --------------------------------------------------------------------------

    def _on_begun(self, _event: ev.Begun, _now: float) -> None:
        self._start_template()

    def _start_template(self) -> None:
        self.template.move(template_life.Step.STARTED)
        self._template_step = self._template_deadline = None
        self._do(do.StartTemplate(self.template.id, self.template.exclusions()))

    def _on_collected(self, event: ev.Collected, now: float) -> None:
        self.template.move(template_life.Step.COLLECTED)
        if self.items and [i.nodeid for i in event.items] != [i.nodeid for i in self.items]:
            self._give_up("a second template collected other tests than the first", now)
            return
        if not self.items:
            self._plan(event.items)
        if event.why_spawn and self.forking:
            self.forking, self.why_spawn = False, event.why_spawn
        if not self.forking:
            self._release_template(now)
        self._fill(now)

    def _plan(self, items: tuple[Item, ...]) -> None:
        policy = self.policy
        self.items = items
        self.ledger = Ledger(len(items))
        self.groups = form_groups(items, policy.level, policy.workers)
        shares = form_shares(self.groups, items, policy.workers)
        self.pool = Pool(order_shares(shares, items, policy.durations, policy.workers))

    def _on_template_ended(self, event: ev.TemplateEnded, now: float) -> None:
        stage = self.template.stage
        self.template.move(template_life.Step.ENDED)
        self._template_deadline = None
        if stage is template_life.Stage.RELEASED:
            self._report_template_breach(event)
        elif not self.stopping:
            self._replace_template(event, now)
        self._fill(now)

    def _report_template_breach(self, event: ev.TemplateEnded) -> None:
        if not event.end.clean and not self.interrupts:
            late = f"it did not leave within {LEAVE_LIMIT:g} s" if self._template_step else ""
            self._do(do.ReportBreach(TEMPLATE, Phase.LEAVING, "", event.end, late, ()))

    def _replace_template(self, event: ev.TemplateEnded, now: float) -> None:
        for worker in self.workers.values():
            if worker.forked and not worker.killed_for:
                # The kernel ends them with their parent (PR_SET_PDEATHSIG): not their own doing.
                worker.killed_for = f"its template died ({event.end})"
        if self.template.bury(event.end, event.collecting):
            self._start_template()
        else:
            self._give_up(f"the template died {self.template.blameless_deaths} times", now)

    def _release_template(self, now: float) -> None:
        if self.template.alive and self.template.stage is not template_life.Stage.RELEASED:
            self.template.move(template_life.Step.RELEASED)
            self._template_deadline = now + LEAVE_LIMIT
            self._do(do.ReleaseTemplate(self.template.id))

    # -- giving out work -----------------------------------------------------------------------

    def _fill(self, now: float) -> None:
        if not self.stopping:
            self._give_shares(now)
        self._finish_idle()
        self._close_if_done(now)

    def _give_shares(self, now: float) -> None:
        free = self.policy.workers - sum(w.busy for w in self.workers.values())
        while free > 0:
            share = next((s for s in self.pool if self._can_start(s)), None)
            if share is None:
                return
            worker = self._parked(share.group) or self._start_worker(share.group, now)
            self._assign(worker, share)
            free -= 1

    def _can_start(self, share: Share) -> bool:
        if self._parked(share.group) is not None:
            return True
        if self.forking and self.template.stage is not template_life.Stage.READY:
            return False
        return self.groups[share.group].divisible or not any(
            w.group == share.group and w.stage is not Stage.LEFT for w in self.workers.values()
        )

    def _parked(self, group: int) -> Worker | None:
        for worker in self.workers.values():
            if worker.group == group and worker.stage is Stage.PARKED and not worker.killed_for:
                return worker
        return None

    def _start_worker(self, group: int, now: float) -> Worker:
        self._started += 1
        taken = {worker.slot for worker in self.workers.values()}
        slot = next(number for number in range(len(taken) + 1) if number not in taken)
        worker = Worker(self._started, slot, group, forked=self.forking)
        worker.deadline = now + (limit_of(Phase.STARTING, self.forking) or 0.0)
        self.workers[worker.id] = worker
        doomed = tuple(do.Doomed(subject, why) for subject, why in self.doomed.items())
        self._do(do.StartWorker(worker.id, slot, group, self.forking, doomed))
        return worker

    def _assign(self, worker: Worker, share: Share) -> None:
        self.pool.take(share)
        worker.queue.append(len(share.items))
        worker.todo.extend(share.items)
        if worker.stage is Stage.PARKED:
            worker.move(worker_life.Step.ASSIGNED)
        follower = self.pool.peek(share.group)
        then = self._then(share, follower)
        worker.last_share = then == do.END
        self._do(do.Assign(worker.id, share.items, then))
        if follower is not None and then == do.OPEN and len(worker.queue) < 2:
            # The next share is on its way while this one runs: a worker never waits for us.
            self._assign(worker, follower)

    def _then(self, share: Share, follower: Share | None) -> int:
        if follower is None:
            return do.END
        return do.OPEN if self.groups[share.group].divisible else follower.items[0]

    def _finish_idle(self) -> None:
        for worker in self.workers.values():
            parked = worker.stage is Stage.PARKED
            if parked and (self.stopping or self.pool.peek(worker.group) is None):
                worker.move(worker_life.Step.FINISHED)
                self._do(do.Finish(worker.id))

    def _close_if_done(self, now: float) -> None:
        if self.workers or (self.pool and not self.stopping):
            return
        if not self.items and not self.stopping and self.template.stage in _EXPECTED:
            return
        if self.template.alive:
            self._release_template(now)
        else:
            self.closed = True
            self._do(do.Close())

    # -- what a worker says --------------------------------------------------------------------

    def _on_worker_joined(self, event: ev.WorkerJoined, _now: float) -> None:
        worker = self.workers[event.worker]
        worker.move(worker_life.Step.JOINED)
        worker.deadline = None

    def _on_test_started(self, event: ev.TestStarted, now: float) -> None:
        worker = self.workers[event.worker]
        self.ledger.start(event.item)
        worker.item, worker.item_since = event.item, now
        limit = self.items[event.item].timeout
        limit = self.policy.timeout if limit is None else limit
        if limit and not worker.killed_for:
            worker.deadline = now + limit + self.policy.slack

    def _on_test_reported(self, event: ev.TestReported, _now: float) -> None:
        self.ledger.report(event.item, event.when, event.outcome, event.xfail)

    def _on_test_finished(self, event: ev.TestFinished, now: float) -> None:
        worker = self.workers[event.worker]
        self.ledger.close(event.item)
        worker.item = None
        worker.done.append(event.item)
        if worker.todo and worker.todo[0] == event.item:
            worker.todo.popleft()
        if worker.step in (None, Step.DUMP_STACKS):
            worker.spare()
        if worker.share_done():
            self._on_share_done(worker, now)

    def _on_share_done(self, worker: Worker, now: float) -> None:
        if worker.queue:
            follower = self.pool.peek(worker.group)
            if follower is not None and not self.stopping:
                self._assign(worker, follower)
        elif not worker.last_share:
            worker.move(worker_life.Step.SHARE_DONE)
            self._fill(now)

    def _on_worker_leaving(self, event: ev.WorkerLeaving, now: float) -> None:
        worker = self.workers[event.worker]
        worker.move(worker_life.Step.LEAVES)
        worker.deadline = now + (limit_of(Phase.LEAVING, worker.forked) or 0.0)

    def _on_worker_left(self, event: ev.WorkerLeft, now: float) -> None:
        worker = self.workers[event.worker]
        worker.move(worker_life.Step.LEFT)
        worker.deadline = now + MUTE_LIMIT
        self._return_rest(worker)
        self._fill(now)

    def _on_worker_muted(self, event: ev.WorkerMuted, now: float) -> None:
        worker = self.workers[event.worker]
        if worker.stage is not Stage.LEFT and not worker.killed_for:
            worker.killed_for, worker.step = event.why, Step.TERMINATE
            worker.kill_item = worker.item
            worker.deadline = now + MUTE_LIMIT

    def _on_terminal_lent(self, event: ev.TerminalLent, _now: float) -> None:
        self.workers[event.worker].deadline = None

    def _on_terminal_returned(self, event: ev.TerminalReturned, now: float) -> None:
        worker = self.workers[event.worker]
        if worker.item is not None and self.policy.timeout:
            worker.deadline = now + self.policy.timeout + self.policy.slack

    # -- how a worker ends ---------------------------------------------------------------------

    def _on_worker_ended(self, event: ev.WorkerEnded, now: float) -> None:
        worker = self.workers.pop(event.worker)
        if worker.stage is not Stage.LEFT and not self.interrupts:
            self._on_crash(worker, event, now)
        elif worker.item is not None:
            self.ledger.reopen(worker.item)
        worker.move(worker_life.Step.ENDED)
        self._return_rest(worker)
        self._fill(now)

    def _on_crash(self, worker: Worker, event: ev.WorkerEnded, now: float) -> None:
        item = self._owner(worker, event.doing)
        if item is None:
            self._report_breach(worker, event)
            return
        if worker.killed_for and worker.kill_item not in (None, item):
            self._pardon(worker, item)
            return
        self._bury_item(worker, item, event, now)

    def _owner(self, worker: Worker, doing: Blame) -> int | None:
        """Return the item that owned the process when it ended; None when no test did."""
        item = worker.item
        if item is None or self.ledger.torn_down(item):
            if item is not None:
                self.ledger.close(item)
                self._settle(worker, item)
            return None
        # Between the word "started" and the first set-up, the black box still says "between".
        return doing.item if doing.item == item else item

    def _pardon(self, worker: Worker, item: int) -> None:
        """Let a test run again that stood in the way of a kill meant for an earlier one."""
        if self.ledger.decided(item):
            self.ledger.close(item)
            self._settle(worker, item)
        else:
            self.ledger.reopen(item)

    def _bury_item(
        self, worker: Worker, item: int, event: ev.WorkerEnded, now: float
    ) -> None:
        doing, timed_out = event.doing, worker.timed_out
        phase = doing.phase if doing.phase.in_test else Phase.SETUP
        decided = self.ledger.decided(item)
        if decided:
            self.ledger.report(item, "teardown", "failed", xfail=False)
            phase = Phase.TEARDOWN
        broken = State.TIMED_OUT if timed_out else State.CRASHED
        self.ledger.close(item, None if decided else broken)
        self._settle(worker, item)
        if phase is Phase.SETUP and doing.subject and not doing.subject.startswith("function "):
            self.doomed[doing.subject] = worker.killed_for or str(event.end)
        seconds = now - worker.item_since
        self._do(
            do.ReportCrash(
                worker.id, item, phase, doing.subject, event.end, seconds,
                worker.killed_for, timed_out, decided,
            )
        )  # fmt: skip

    def _settle(self, worker: Worker, item: int) -> None:
        if worker.todo and worker.todo[0] == item:
            worker.todo.popleft()
        worker.done.append(item)

    def _report_breach(self, worker: Worker, event: ev.WorkerEnded) -> None:
        doing = event.doing
        if worker.stage is Stage.LEAVING and event.end.clean:
            doing = dataclasses.replace(doing, phase=Phase.LEAVING)
        if not worker.done:
            self._stillborn[worker.group] = self._stillborn.get(worker.group, 0) + 1
        self._do(
            do.ReportBreach(
                worker.id, doing.phase, doing.subject, event.end, worker.killed_for,
                tuple(worker.done),
            )
        )  # fmt: skip

    def _return_rest(self, worker: Worker) -> None:
        rest = tuple(worker.todo)
        worker.todo.clear()
        worker.queue.clear()
        if self._stillborn.get(worker.group, 0) >= STILLBORN_BUDGET:
            self.pool.drop(worker.group)
        elif rest and not self.stopping:
            self.pool.put_back(worker.group, rest)

    def _on_requeued(self, event: ev.Requeued, now: float) -> None:
        if self.ledger.state(event.item) in (State.CRASHED, State.TIMED_OUT):
            self.ledger.reopen(event.item)
            group = next(g.id for g in self.groups if event.item in g.items)
            self.pool.put_back(group, (event.item,))
            self._fill(now)

    # -- time, and the wish to stop ------------------------------------------------------------

    def _on_tick(self, _event: ev.Tick, now: float) -> None:
        for worker in self.workers.values():
            if worker.deadline is not None and worker.deadline <= now:
                self._escalate(worker, now)
        if self._template_deadline is not None and self._template_deadline <= now:
            self._escalate_template(now)

    def _escalate(self, worker: Worker, now: float) -> None:
        if not worker.killed_for:
            worker.condemn(now)
        worker.step = Step.DUMP_STACKS if worker.step is None else AFTER[worker.step]
        worker.deadline = now + grace_of(worker.step, self.policy.grace)
        self._do(do.Escalate(worker.id, worker.step))

    def _escalate_template(self, now: float) -> None:
        step = self._template_step
        self._template_step = Step.DUMP_STACKS if step is None else AFTER[step]
        self._template_deadline = now + grace_of(self._template_step, self.policy.grace)
        self._do(do.Escalate(TEMPLATE, self._template_step))

    def _on_stop_asked(self, event: ev.StopAsked, now: float) -> None:
        if not self.stopping:
            self.stopping = event.reason
            self.pool.clear()
            for worker in self.workers.values():
                self._do(do.Stop(worker.id))
            self._fill(now)

    def _on_interrupted(self, _event: ev.Interrupted, now: float) -> None:
        self.interrupts += 1
        self._on_stop_asked(ev.StopAsked("interrupted"), now)
        step = Step.INTERRUPT if self.interrupts == 1 else Step.KILL
        for worker in self.workers.values():
            worker.killed_for = worker.killed_for or "the run was interrupted"
            worker.step = step
            worker.deadline = now + grace_of(step, self.policy.grace)
            self._do(do.Escalate(worker.id, step))
        if self.template.alive and (self.interrupts > 1 or not self.items):
            self._template_step = Step.KILL
            self._template_deadline = now + grace_of(Step.KILL, self.policy.grace)
            self._do(do.Escalate(TEMPLATE, Step.KILL))

    def _on_keeper_lost(self, event: ev.KeeperLost, now: float) -> None:
        reason = f"the keeper died ({event.end})"
        for worker in list(self.workers.values()):
            worker.killed_for = worker.killed_for or reason
            gone = ev.WorkerEnded(worker.id, event.end, Blame())
            self._on_worker_ended(gone, now)
        self._give_up(reason, now)
        if self.template.alive:
            self.template.move(template_life.Step.ENDED)
        self._fill(now)

    def _give_up(self, reason: str, now: float) -> None:
        self._do(do.GiveUp(reason))
        self._on_stop_asked(ev.StopAsked(reason), now)

    def _do(self, action: do.Action) -> None:
        self._actions.append(action)

    def validate(self) -> None:
        """Assert the invariants of the module docstring; for tests."""
        busy = sum(worker.busy for worker in self.workers.values())
        assert busy <= self.policy.workers, f"{busy} workers are busy"
        waiting = [index for share in self.pool for index in share.items]
        waiting += [index for worker in self.workers.values() for index in worker.todo]
        assert len(waiting) == len(set(waiting)), "an item waits twice"
        assert not (self.closed and self.workers), "a worker outlives the run"
        assert sum(self.ledger.counts().values()) == len(self.items)


_EXPECTED = (template_life.Stage.NONE, template_life.Stage.COLLECTING)

_HANDLERS: dict[type, Callable[[Run, Any, float], None]] = {
    ev.Begun: Run._on_begun,
    ev.Collected: Run._on_collected,
    ev.TemplateEnded: Run._on_template_ended,
    ev.WorkerJoined: Run._on_worker_joined,
    ev.TestStarted: Run._on_test_started,
    ev.TestReported: Run._on_test_reported,
    ev.TestFinished: Run._on_test_finished,
    ev.WorkerLeaving: Run._on_worker_leaving,
    ev.WorkerLeft: Run._on_worker_left,
    ev.WorkerMuted: Run._on_worker_muted,
    ev.WorkerEnded: Run._on_worker_ended,
    ev.TerminalLent: Run._on_terminal_lent,
    ev.TerminalReturned: Run._on_terminal_returned,
    ev.Requeued: Run._on_requeued,
    ev.StopAsked: Run._on_stop_asked,
    ev.Interrupted: Run._on_interrupted,
    ev.KeeperLost: Run._on_keeper_lost,
    ev.Tick: Run._on_tick,
}

"""A run: what happened goes in, what is to be done comes out.

Theory of operation: `handle(event, now)` is the only door. It changes the state of the run and
returns actions; the shell performs them, and what it learns in doing so is a new event. Time comes
in as a number. The same events in the same order give the same actions, so the journal of a run
can be replayed.

A worker is started for a group and given its shares (`grouping`, `roster`). When its process ends
while it owns items, the item in hand is reported with its blame and the rest goes back to the
front of the pool, to go on in a new process. What killed a process is never run again unasked:
neither the test, nor the wide fixture whose set-up did it, nor the file whose import did it.

The order of events: what one process says arrives in the order in which it was said, and before
its end. What different processes say arrives in any order. A `Requeued` comes before any `Tick`.

Invariants, asserted by `validate()` of the course:

- At most `policy.workers` workers are busy.
- Every item that waits is in exactly one share of the pool or in one live worker's list.
- Every item that has not run waits, unless the run is stopping or its group was given up.
- No worker is alive once the run is closed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.escalation import LEAVE_LIMIT, Step
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.core.run import death, once_more, staged, whereabouts
from pytest_bulkhead.core.run import template as template_life
from pytest_bulkhead.core.run import worker as worker_life
from pytest_bulkhead.core.run.course import Course
from pytest_bulkhead.core.run.template import Template
from pytest_bulkhead.core.run.worker import Stage, Worker
from pytest_bulkhead.core.schedule.grouping import Share

#: The process number of the template in `Escalate`; workers count from 1.
TEMPLATE = 0


class Run(Course):
    """A run: its state and the decisions about it."""

    def handle(self, event: ev.Event, now: float) -> list[do.Action]:
        """Take an event into account and return what is to be done, in order.

        Args:
            event: what happened.
            now: the instant, in seconds of a monotonic clock.

        Raises:
            InvalidTransition: the event cannot have happened: a bug of the shell or of this class.
        """
        self.wishes = []
        if not self.closed:
            _HANDLERS[type(event)](self, event, now)
        return self.wishes

    # -- the template --------------------------------------------------------------------------

    def _on_begun(self, _event: ev.Begun, _now: float) -> None:
        self._start_template()

    def _start_template(self) -> None:
        self.template.move(template_life.Step.STARTED)
        self.want(do.StartTemplate(self.template.id, self.template.exclusions()))

    def _on_collected(self, event: ev.Collected, now: float) -> None:
        self.template.move(template_life.Step.COLLECTED)
        if not self.items:
            self.items, self.ledger = event.items, Ledger(len(event.items))
            staged = self.forking and not event.why_spawn
            self.roster.plan(event.items, self.policy, event.capacity, staged=staged)
        elif [item.nodeid for item in event.items] != [item.nodeid for item in self.items]:
            self._give_up("a second template collected other tests than the first", now)
        if event.why_spawn and self.forking:
            self.forking, self.why_spawn = False, event.why_spawn
        if not self.forking:
            self.spares.allowed = not (event.id_read and self.policy.workers > 1)
            self._release_template(now)
        self._fill(now)

    def _on_template_ended(self, event: ev.TemplateEnded, now: float) -> None:
        released = self.template.stage is template_life.Stage.RELEASED
        self.template.move(template_life.Step.ENDED)
        if released:
            self._report_template_breach(event)
            if self.forking and self.roster.pool and not self.stopping:
                self._start_template()  # a test was requeued after we let the template go
        elif not self.stopping:
            self._replace_template(event, now)
        self._fill(now)

    def _report_template_breach(self, event: ev.TemplateEnded) -> None:
        # Nobody waits for what a template collects after it was let go.
        if not (event.end.clean or event.collecting or self.interrupts):
            late = f"it did not leave within {LEAVE_LIMIT:g} s" if self.template.step else ""
            self.want(do.ReportBreach(TEMPLATE, Phase.LEAVING, "", event.end, late, ()))

    def _replace_template(self, event: ev.TemplateEnded, now: float) -> None:
        for worker in self.workers.values():
            if worker.forked:
                worker.orphan(f"its template died ({event.end})", now)
        if self.template.bury(event.end, event.collecting):
            self._start_template()
        else:
            self._give_up(f"the template died {self.template.blameless_deaths} times", now)

    def _release_template(self, now: float) -> None:
        if self.template.stage in (template_life.Stage.COLLECTING, template_life.Stage.READY):
            clears = self.policy.shares and self.template.stage is template_life.Stage.READY
            self.template.move(template_life.Step.RELEASED)
            limit = self.policy.clear_limit if clears else LEAVE_LIMIT
            self.template.deadline = None if limit is None else now + limit
            self.want(do.ReleaseTemplate(self.template.id))

    # -- giving out work -----------------------------------------------------------------------

    def _fill(self, now: float) -> None:
        if not self.stopping:
            self._give_shares(now)
        while worker := self.roster.next_idle(self.policy.workers, hurry=self.interrupts > 0):
            worker.move(worker_life.Step.FINISHED)
            self.want(do.Finish(worker.id))
        self.wishes += self.spares.keep(now, stopping=bool(self.stopping))
        self._close_if_done(now)

    def _give_shares(self, now: float) -> None:
        can_start = not self.forking or self.template.stage is template_life.Stage.READY
        while share := self.roster.next_share(self.policy.workers, can_start):
            worker = self.roster.parked(share.group) or self._start_worker(share.group, now)
            self._assign(worker, share)
        for worker in self.workers.values():
            self._assign_ahead(worker)

    def _start_worker(self, group: int, now: float) -> Worker:
        fresh = self.roster.groups[group].wants_fresh and not self.policy.fork
        spare = 0 if fresh else self.spares.adopt()
        worker = self.roster.hire(group, self.forking and not fresh, spare)
        self.set_deadline(worker, now)
        self.want(self.roster.start_of(worker, tuple(self.doomed.values())))
        return worker

    def _assign(self, worker: Worker, share: Share) -> None:
        then = self.roster.give(worker, share)
        self.want(do.Assign(worker.id, share.items, then, self.roster.cells_of(share)))

    def _assign_ahead(self, worker: Worker) -> None:
        if follower := self.roster.follower(worker, self.policy.workers):
            self._assign(worker, follower)

    def _close_if_done(self, now: float) -> None:
        self.closable = None
        if self.closed or self.workers or (not self.stopping and self._expects_work()):
            return
        if not self.stopping and any(isinstance(a, do.ReportCrash) for a in self.wishes):
            # Who hears of the crash may ask for the test again.
            self.closable = now
        elif once_more.begin(self, now):
            pass
        elif self.template.alive:
            self._release_template(now)
        elif not self.spares.alive:
            self.closed = True
            self.want(do.Close())

    def _expects_work(self) -> bool:
        collecting = self.template.expected and not self.items
        return bool(self.roster.pool or self.returning) or collecting

    # -- what a worker says --------------------------------------------------------------------

    def _on_test_started(self, event: ev.TestStarted, now: float) -> None:
        worker, ledger = self.worker(event.worker), self.ledger_of(self.worker(event.worker))
        if worker.retry:
            ledger.reopen(event.item)
        ledger.start(event.item)
        if event.fresh and worker.staged:
            worker.earlier = len(worker.done)
        worker.start(event.item, now)
        self.set_deadline(worker, now)

    def _on_test_reported(self, event: ev.TestReported, now: float) -> None:
        worker = self.worker(event.worker)
        if worker.staged:
            staged.on_test_reported(self, worker, event, now)
        else:
            ledger = self.ledger_of(worker)
            ledger.report(event.item, event.when, event.outcome, event.xfail)

    def _on_test_finished(self, event: ev.TestFinished, now: float) -> None:
        worker = self.worker(event.worker)
        if self.ledger_of(worker).close(event.item) is State.FAILED and not worker.attempt:
            self.attempts.ask_of_failure(self.items[event.item], self.items, worker.before())
        worker.settle()
        self.catch_up(worker, now)
        self._count_finished(worker, now)

    def _count_finished(self, worker: Worker, now: float) -> None:
        """Count a test that a worker has put down for good, whatever became of it."""
        self.roster.finished_test(worker.group)
        if worker.share_done():
            self._on_share_done(worker, now)

    def _on_stage_idle(self, event: ev.StageIdle, now: float) -> None:
        if event.worker == TEMPLATE:
            self.template.expect_end(now)
        elif staged.settle_stage(self, event, now):
            self._count_finished(self.worker(event.worker), now)

    def _on_cell_ended(self, event: ev.CellEnded, now: float) -> None:
        if staged.judge_end(self, event, now):
            self._count_finished(self.worker(event.worker), now)

    def _on_share_done(self, worker: Worker, now: float) -> None:
        if worker.queue:
            self._assign_ahead(worker)
        elif not worker.last_share:
            worker.move(worker_life.Step.SHARE_DONE)
            self._fill(now)

    def _on_worker_left(self, event: ev.WorkerLeft, now: float) -> None:
        worker = self.worker(event.worker)
        worker.move(worker_life.Step.LEFT)
        self.roster.grants.rest(worker.id)
        self.set_deadline(worker, now)
        self._fill(now)

    # -- how a worker ends ---------------------------------------------------------------------

    def _on_worker_ended(self, event: ev.WorkerEnded, now: float) -> None:
        self._bury(self.worker(event.worker), event, now)
        self._fill(now)

    def _bury(self, worker: Worker, event: ev.WorkerEnded, now: float) -> None:
        stillborn = False
        if worker.id in self.trials:
            once_more.end_trial(self, worker, now)
        elif worker.still_spare:
            self.spares.allowed = False
        elif self._was_expected(worker, event):
            death.let_go(worker, self.ledger)
        elif death.is_owned(worker, self.ledger):
            self.report_crash(worker, death.bury_test(worker, self.ledger, event, now))
        elif worker.clearing is not None:
            self.ledger.teardown_errors += 1
            self.report_crash(worker, death.crash_of_stage(worker, event))
        else:
            death.let_go(worker, self.ledger)
            self.want(death.breach_of(worker, event))
            stillborn = not worker.done and not worker.victim
        self.bury(worker, stillborn, now)
        if worker.retry:
            once_more.settle_retry(self, worker)

    def _on_spare_ended(self, event: ev.SpareEnded, now: float) -> None:
        if event.worker in self.workers:
            # It was adopted before its end was heard of.
            self._on_worker_ended(ev.WorkerEnded(event.worker, event.end, Blame()), now)
            return
        self.spares.bury(event.worker)
        self._fill(now)

    def _on_cards_seen(self, event: ev.CardsSeen, now: float) -> None:
        wanted = bool(self.roster.pool or self.workers)
        self.wishes += self.returning.seen(event, self.roster.grants, now, wanted=wanted)
        self._fill(now)

    def _on_overdrawn(self, event: ev.Overdrawn, now: float) -> None:
        worker = self.workers.get(event.worker)  # it may have ended meanwhile
        if worker is not None and not worker.killed_for:
            worker.condemn(event.why)
            self._escalate(worker, Step.KILL, now)

    def _was_expected(self, worker: Worker, event: ev.WorkerEnded) -> bool:
        """Whether it ended as it should: when interrupted, or after its last word."""
        free = bool(self.stopping) or not worker.todo or worker.unforkable
        well = event.end.clean or not self.policy.clean_exit
        return self.interrupts > 0 or (worker.stage is Stage.LEFT and free and well)

    def _on_requeued(self, event: ev.Requeued, now: float) -> None:
        if not self.stopping and self.ledger.state(event.item) in (State.CRASHED, State.TIMED_OUT):
            self.ledger.reopen(event.item)
            self.attempts.forget(event.item)
            self.roster.requeue(event.item)
            self._fill(now)

    # -- time, and the wish to stop ------------------------------------------------------------

    def _on_tick(self, _event: ev.Tick, now: float) -> None:
        for worker in self.workers.values():
            if worker.deadline is not None and worker.deadline <= now:
                worker.lose_patience(now)
                self._escalate(worker, None, now)
        if self.template.deadline is not None and self.template.deadline <= now:
            self._escalate(self.template, None, now)
        self.wishes += self.spares.kill_late(now) + self.returning.look_again(now)
        if self.closable is not None:
            self._fill(now)

    def _escalate(self, process: Worker | Template, step: Step | None, now: float) -> None:
        number = process.id if isinstance(process, Worker) else TEMPLATE
        whole = self.interrupts > 1
        self.want(do.Escalate(number, process.escalate(step, now, self.policy.grace), whole))

    def _on_stop_asked(self, event: ev.StopAsked, now: float) -> None:
        if not self.stopping:
            self._stop(event.reason)
            for worker in self.workers.values():
                # A parked one is told to finish when its turn comes.
                if worker.stage in (Stage.STARTING, Stage.RUNNING):
                    self.want(do.Stop(worker.id))
            self._fill(now)

    def _stop(self, reason: str) -> None:
        self.stopping = self.stopping or reason
        self.roster.pool.clear()

    def _on_interrupted(self, _event: ev.Interrupted, now: float) -> None:
        self.interrupts += 1
        self._on_stop_asked(ev.StopAsked("interrupted"), now)
        for worker in self.workers.values():
            worker.condemn("the run was interrupted")
            if self.interrupts > 1:
                self._escalate(worker, Step.KILL, now)
            elif worker.can_be_asked:
                self._escalate(worker, Step.INTERRUPT, now)
        if self.interrupts > 1:
            self.wishes += self.spares.kill_late(now, all_of_them=True)
        if self.template.alive and (self.interrupts > 1 or not self.items):
            self._escalate(self.template, Step.KILL, now)
        elif self.template.alive and self.template.step is None and staged.is_at_work_alone(self):
            self._escalate(self.template, Step.INTERRUPT, now)

    def _on_keeper_lost(self, event: ev.KeeperLost, now: float) -> None:
        reason = f"the keeper died ({event.end})"
        self.want(do.GiveUp(reason))
        self._stop(reason)
        for worker in list(self.workers.values()):
            worker.condemn(reason)
            self._bury(worker, ev.WorkerEnded(worker.id, event.end, Blame()), now)
        self.spares.alive.clear()
        if self.template.alive:
            self.template.move(template_life.Step.ENDED)
        self._close_if_done(now)

    def _give_up(self, reason: str, now: float) -> None:
        if not self.stopping:
            self.want(do.GiveUp(reason))
            self._on_stop_asked(ev.StopAsked(reason), now)


_HANDLERS: dict[type, Callable[[Run, Any, float], None]] = {
    ev.Begun: Run._on_begun,
    ev.Collected: Run._on_collected,
    ev.TemplateEnded: Run._on_template_ended,
    ev.WorkerJoined: whereabouts.on_worker_joined,
    ev.TestStarted: Run._on_test_started,
    ev.TestReported: Run._on_test_reported,
    ev.TestFinished: Run._on_test_finished,
    ev.WorkerLeaving: whereabouts.on_worker_leaving,
    ev.WorkerLeft: Run._on_worker_left,
    ev.WorkerMuted: whereabouts.on_worker_muted,
    ev.WorkerEnded: Run._on_worker_ended,
    ev.SpareEnded: Run._on_spare_ended,
    ev.CardsSeen: Run._on_cards_seen,
    ev.Overdrawn: Run._on_overdrawn,
    ev.StageBusy: staged.on_stage_busy,
    ev.StageIdle: Run._on_stage_idle,
    ev.StageUnforkable: staged.on_stage_unforkable,
    ev.CellEnded: Run._on_cell_ended,
    ev.TerminalLent: whereabouts.on_terminal_lent,
    ev.TerminalReturned: whereabouts.on_terminal_returned,
    ev.Requeued: Run._on_requeued,
    ev.StopAsked: Run._on_stop_asked,
    ev.Interrupted: Run._on_interrupted,
    ev.KeeperLost: Run._on_keeper_lost,
    ev.Tick: Run._on_tick,
}

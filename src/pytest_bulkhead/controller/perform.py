"""Performs the actions of the run: one small method each. Learns nothing by itself."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import TYPE_CHECKING, Any

from pytest_bulkhead.controller.answers import Answers
from pytest_bulkhead.controller.autopsy import Autopsy
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.hangs import Hangs
from pytest_bulkhead.controller.orders import Orders, Task
from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import UNSEEN
from pytest_bulkhead.core.escalation import HARMLESS, Step
from pytest_bulkhead.core.item import Blame
from pytest_bulkhead.core.resources.exported import exported, profile_on_gpu
from pytest_bulkhead.core.run.run import TEMPLATE
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.spans import cell_spans, to_spans
from pytest_bulkhead.protocol.values import to_plain
from pytest_bulkhead.system import process
from pytest_bulkhead.system.berth import Berth
from pytest_bulkhead.system.forked import forked_children

if TYPE_CHECKING:
    from pytest_bulkhead.controller.gauge import Gauge


class Performer:
    """Turns actions into effects."""

    def __init__(self, bridge: Bridge, orders: Orders, first_template: Craft) -> None:
        self._bridge = bridge
        self._orders = orders
        #: Ordered before there was a run to ask for it.
        self._first_template: Craft | None = first_template
        self._hangs = Hangs(bridge)
        self._answers = Answers(bridge)
        self.autopsy = Autopsy(bridge, self._hangs)
        #: Measures what workers use, where tests need something.
        self.gauge: Gauge | None = None
        self._performers: dict[type[Any], Any] = {
            do.StartTemplate: self._start_template,
            do.ReleaseTemplate: self._release_template,
            do.StartWorker: self._start_worker,
            do.StartSpare: self._start_spare,
            do.Assign: self._assign,
            do.Condemn: self._condemn,
            do.Finish: lambda action: self._send(action.worker, msg.Finish()),
            do.Stop: self._stop,
            do.Escalate: self._escalate,
            do.ReportCrash: self.autopsy.report_crash,
            do.TellWithheld: self.autopsy.tell_withheld,
            do.ReportAnswer: self._answers.report_answer,
            do.ReportBreach: self.autopsy.report_breach,
            do.LookAtCards: self._look_at_cards,
            do.ReportHeld: self._report_held,
            do.GiveUp: self.autopsy.report_give_up,
            do.Close: lambda _action: None,
        }

    def perform(self, action: do.Action) -> None:
        """Perform an action."""
        self._performers[type(action)](action)

    # -- starting ------------------------------------------------------------------------------

    def _start_template(self, action: do.StartTemplate) -> None:
        craft, self._first_template = self._first_template, None
        if craft is not None:
            self._bridge.fleet.add(craft)
            self._bridge.fleet.listen(craft)
            return
        craft, berth = self._orders.build(-action.template)
        self._orders.introduce(craft, 0)
        self._bridge.fleet.add(craft)
        self._orders.order_template(craft, berth, self._pairs(action.doomed))
        berth.close()
        self._bridge.fleet.listen(craft)

    def _start_worker(self, action: do.StartWorker) -> None:
        if self._bridge.settings.why:
            self._bridge.starts.setdefault(action.group, []).append(action.fork)
        self._note_grant(action)
        self._answers.show_trial(action.worker)
        if action.adopted:
            self._adopt_spare(action)
            return
        craft, berth = self._orders.build(action.worker)
        self._orders.introduce(craft, action.slot)
        craft.staged = bool(action.staged)
        self._bridge.fleet.add(craft)
        try:
            if action.fork:
                self._fork_worker(craft, berth, action)
            else:
                self._orders.order_worker(craft, berth, self._task(action))
                self._bridge.fleet.listen(craft)
        except OSError:
            self._miss(craft, ev.WorkerEnded(action.worker, UNSEEN, Blame()))
        berth.close()

    def _note_grant(self, action: do.StartWorker) -> None:
        """Note what a worker holds, where anything is scarce."""
        roster = self._bridge.run.roster
        if not roster.grants.scarce:
            return
        self._gauge().begin(action.worker, action.group, action.grant)
        group = roster.groups[action.group]
        grant = {"worker": action.worker, "slot": action.slot, **action.grant._asdict()}
        self._bridge.note_evidence(granted={**grant, "group": group.name, "items": group.items})

    def _miss(self, craft: Craft, event: ev.Event) -> None:
        """Give up a craft: who should have started it is gone; what that means the run decides."""
        self._bridge.fleet.remove(craft)
        self._bridge.events.append(event)

    def _start_spare(self, action: do.StartSpare) -> None:
        craft, berth = self._orders.build(action.worker)
        craft.spare = True
        self._bridge.fleet.add(craft)
        try:
            self._orders.order_spare(craft, berth, self._bridge.common)
            self._bridge.fleet.listen(craft)
        except OSError:
            self._miss(craft, ev.SpareEnded(action.worker, UNSEEN))
        berth.close()

    def _adopt_spare(self, action: do.StartWorker) -> None:
        craft = self._bridge.fleet.get(action.worker)
        if craft is None:
            return  # the event of its end is on its way to the run
        craft.spare = False
        self._orders.introduce(craft, action.slot)
        with contextlib.suppress(OSError):  # likewise
            self._orders.welcome(craft, self._task(action))
        self._bridge.fleet.listen(craft)

    def _task(self, action: do.StartWorker) -> Task:
        """Return what a spawned worker is told."""
        # It collects by itself, so what killed a template in collection counts too.
        doomed = action.doomed + self._bridge.run.template.exclusions()
        return Task(
            self._pairs(doomed), self._names(action), action.seed,
            environ=self._granted(action),
        )  # fmt: skip

    def _granted(self, action: do.StartWorker) -> dict[str, str]:
        """Return the variables that tell a worker what it holds, and its environment on a GPU."""
        capacity = self._bridge.run.roster.grants.capacity
        variables = exported(action.slot, action.grant, capacity)
        if action.grant.cards and not action.fork:
            return {**profile_on_gpu(os.environ), **variables}
        return variables

    def _fork_worker(self, craft: Craft, berth: Berth, action: do.StartWorker) -> None:
        template = self._bridge.fleet.get(-self._bridge.run.template.id)
        if template is None:
            raise BrokenPipeError
        workerinput = to_plain(craft.node.workerinput)
        order = msg.Fork(
            craft.process, workerinput, self._pairs(action.doomed), action.seed, action.staged,
            self._granted(action),
        )  # fmt: skip
        craft.parent = template.process
        template.hull.endpoint.send(order, berth.fds())

    def _pairs(self, doomed: tuple[do.Doomed, ...]) -> list[list[str]]:
        stacks = self._bridge.import_stacks
        return [[one.subject, f"{one.why}\n{stacks.get(one.subject, '')}"] for one in doomed]

    def _names(self, action: do.StartWorker) -> Any:  # noqa: ANN401 - a JSON value
        """Return {item: [node id, which of that name]} of a worker, for one who counts anew."""
        run = self._bridge.run
        copies: dict[str, int] = {}
        rank = [copies.setdefault(item.nodeid, -1) for item in run.items]
        for item in run.items:
            copies[item.nodeid] += 1
            rank[item.index] = copies[item.nodeid]
        attempt = run.workers[action.worker].attempt
        members = attempt.items if attempt else run.roster.groups[action.group].items
        return to_plain({i: [run.items[i].nodeid, rank[i]] for i in members})

    def _gauge(self) -> Gauge:
        if self.gauge is None:
            from pytest_bulkhead.controller.gauge import Gauge  # noqa: PLC0415 - for few runs

            self.gauge = Gauge(self._bridge)
        return self.gauge

    def _look_at_cards(self, action: do.LookAtCards) -> None:
        held = self._gauge().holders(action.worker)
        self._bridge.events.append(ev.CardsSeen(action.worker, held))

    def _report_held(self, action: do.ReportHeld) -> None:
        if self._bridge.settings.gpu_release.policy != "wait":
            self._gauge().forget(action.worker)
        self.autopsy.report_held(action)

    # -- orders and signals --------------------------------------------------------------------

    def _release_template(self, action: do.ReleaseTemplate) -> None:
        self._send(-action.template, msg.Finish())

    def _assign(self, action: do.Assign) -> None:
        spans = cell_spans(action.items, action.cells) if action.cells else to_spans(action.items)
        self._send(action.worker, msg.Assign(spans, action.then))

    def _stop(self, action: do.Stop) -> None:
        craft = self._bridge.fleet.get(action.worker)
        if craft is not None:
            craft.hull.page.note_stopped()  # those below a worker read no orders
        self._send(action.worker, msg.Stop())

    def _condemn(self, action: do.Condemn) -> None:
        ((subject, why),) = self._pairs((action.doomed,))
        self._send(action.worker, msg.Condemned(subject, why))

    def _send(self, number: int, message: msg.Message) -> None:
        craft = self._bridge.fleet.get(number)
        if craft is None:
            return
        with contextlib.suppress(OSError):  # it is gone: its end is on its way to us
            craft.hull.endpoint.send(message)
        self._bridge.fleet.listen(craft)

    def _escalate(self, action: do.Escalate) -> None:
        number = -self._bridge.run.template.id if action.worker == TEMPLATE else action.worker
        craft = self._bridge.fleet.get(number)
        if craft is None or not craft.pid:
            return
        pid = craft.pid if action.whole else craft.at_work()
        if action.step is Step.INTERRUPT:
            process.send_signal(pid, signal.SIGINT)
        elif action.step in HARMLESS:
            self._ask_for_stacks(craft, pid, again=action.step is Step.DUMP_AGAIN)
        elif action.step is Step.TERMINATE:
            process.signal_group(pid, signal.SIGTERM)
        else:
            process.kill_group(pid)
            process.send_signal(pid, signal.SIGKILL)

    def _ask_for_stacks(self, craft: Craft, pid: int, *, again: bool) -> None:
        """Look at a process, and have it write its stacks; of a template once is enough."""
        if again and craft.is_template:
            return
        # First, for the second look asks them for stacks, and who writes them waits for nothing.
        craft.forked = forked_children(pid)
        (self._hangs.look_again if again else self._hangs.look)(craft, pid)
        process.send_signal(pid, process.stack_dump_signal())
        process.send_signal(pid, signal.SIGCONT)  # it may be stopped, and so be deaf
        if again:
            self._hangs.ask_debugger(craft, pid)

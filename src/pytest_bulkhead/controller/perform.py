"""Performs the actions of the run: one small method each. Learns nothing by itself."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import Any

from pytest_bulkhead.controller.autopsy import Autopsy
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.launch import spawned_argv
from pytest_bulkhead.controller.node import WorkerNode
from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import UNSEEN
from pytest_bulkhead.core.escalation import Step
from pytest_bulkhead.core.item import Blame
from pytest_bulkhead.core.run import TEMPLATE
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.spans import to_spans
from pytest_bulkhead.protocol.values import to_plain
from pytest_bulkhead.system import process
from pytest_bulkhead.system.berth import Berth, build


class Performer:
    """Turns actions into effects."""

    def __init__(self, bridge: Bridge, path: list[str]) -> None:
        self._bridge = bridge
        self._path = path
        self.autopsy = Autopsy(bridge)
        self._performers: dict[type[Any], Any] = {
            do.StartTemplate: self._start_template,
            do.ReleaseTemplate: self._release_template,
            do.StartWorker: self._start_worker,
            do.Assign: self._assign,
            do.Finish: lambda action: self._send(action.worker, msg.Finish()),
            do.Stop: lambda action: self._send(action.worker, msg.Stop()),
            do.Escalate: self._escalate,
            do.ReportCrash: self.autopsy.report_crash,
            do.ReportBreach: self.autopsy.report_breach,
            do.GiveUp: self.autopsy.report_give_up,
            do.Close: lambda _action: None,
        }

    def perform(self, action: do.Action) -> None:
        """Perform an action."""
        self._performers[type(action)](action)

    # -- starting ------------------------------------------------------------------------------

    def _start_template(self, action: do.StartTemplate) -> None:
        craft, berth = self._build(-action.template, 0)
        keep = self._bridge.keep
        order: msg.Message
        if keep.why_spawn:
            order = self._spawn_order("template", craft)
        else:
            order = msg.ForkTemplate(craft.process)
        keep.endpoint.send(order, berth.fds())
        berth.close()
        self._welcome(craft, action.doomed, {})

    def _start_worker(self, action: do.StartWorker) -> None:
        craft, berth = self._build(action.worker, action.slot)
        try:
            if action.fork:
                self._fork_worker(craft, berth, action)
            else:
                order = self._spawn_order("worker", craft)
                self._bridge.keep.endpoint.send(order, berth.fds())
                doomed = action.doomed + self._bridge.run.template.exclusions()
                self._welcome(craft, doomed, self._names(action.group))
        except OSError:
            # Who should have started it is gone; what that means is for the run to decide.
            self._bridge.events.append(ev.WorkerEnded(action.worker, UNSEEN, Blame()))
        berth.close()

    def _build(self, number: int, slot: int) -> tuple[Craft, Berth]:
        bridge = self._bridge
        node = WorkerNode(bridge.config, f"gw{slot}", bridge.settings.workers, bridge.run_uid)
        bridge.config.hook.pytest_configure_node(node=node)
        hull, berth = build()
        craft = Craft(number, hull, node)
        bridge.fleet.add(craft)
        return craft, berth

    def _fork_worker(self, craft: Craft, berth: Berth, action: do.StartWorker) -> None:
        template = self._bridge.fleet.get(-self._bridge.run.template.id)
        if template is None:
            raise BrokenPipeError
        order = msg.Fork(
            craft.process,
            to_plain(craft.node.workerinput),
            self._pairs(action.doomed),
        )
        template.hull.endpoint.send(order, berth.fds())

    def _spawn_order(self, kind: str, craft: Craft) -> msg.Spawn:
        args = self._bridge.config.invocation_params.args
        environ = dict(os.environ)
        if kind == "worker":
            environ["PYTEST_XDIST_WORKER"] = craft.node.gateway.id
            environ["PYTEST_XDIST_WORKER_COUNT"] = str(self._bridge.settings.workers)
            environ["PYTEST_XDIST_TESTRUNUID"] = self._bridge.run_uid
        argv = spawned_argv(self._path, [os.fspath(arg) for arg in args])
        return msg.Spawn(craft.process, kind, argv, to_plain(environ))

    def _welcome(self, craft: Craft, doomed: tuple[do.Doomed, ...], names: Any) -> None:  # noqa: ANN401
        craft.hull.endpoint.send(
            msg.Welcome(
                workerinput=to_plain(craft.node.workerinput),
                environ=to_plain(dict(os.environ)),
                doomed=self._pairs(doomed),
                names=names,
                workers=self._bridge.settings.workers,
            )
        )
        self._bridge.fleet.listen(craft)

    def _pairs(self, doomed: tuple[do.Doomed, ...]) -> list[list[str]]:
        stacks = self._bridge.import_stacks
        return [[one.subject, f"{one.why}\n{stacks.get(one.subject, '')}"] for one in doomed]

    def _names(self, group: int) -> Any:  # noqa: ANN401 - a JSON value
        """Return {item: [node id, which of that name]} of a group, for one who counts anew."""
        run = self._bridge.run
        copies: dict[str, int] = {}
        rank = [copies.setdefault(item.nodeid, -1) for item in run.items]
        for item in run.items:
            copies[item.nodeid] += 1
            rank[item.index] = copies[item.nodeid]
        members = run.roster.groups[group].items
        return to_plain({i: [run.items[i].nodeid, rank[i]] for i in members})

    # -- orders and signals --------------------------------------------------------------------

    def _release_template(self, action: do.ReleaseTemplate) -> None:
        self._send(-action.template, msg.Finish())

    def _assign(self, action: do.Assign) -> None:
        self._send(action.worker, msg.Assign(to_spans(action.items), action.then))

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
        if action.step is Step.INTERRUPT:
            process.send_signal(craft.pid, signal.SIGINT)
        elif action.step is Step.DUMP_STACKS:
            process.send_signal(craft.pid, process.stack_dump_signal())
        elif action.step is Step.TERMINATE:
            process.signal_group(craft.pid, signal.SIGTERM)
        else:
            process.kill_group(craft.pid)
            process.send_signal(craft.pid, signal.SIGKILL)

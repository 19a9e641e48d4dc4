"""What processes say, turned into events for the run and hook calls for pytest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge, Leak
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.leaks import running_at
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import UNSEEN, End, decode_status
from pytest_bulkhead.core.item import Item, Phase, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.recorder import restore_warning
from pytest_bulkhead.report.crash import trim_stacks
from pytest_bulkhead.report.live import write_live
from pytest_bulkhead.system import clock, process


class Hearing:
    """Listens to crafts and to the keeper; each event is handed to the run at once."""

    def __init__(self, bridge: Bridge, feed: Callable[[ev.Event], None]) -> None:
        self._bridge = bridge
        self._feed = feed
        self._hook = bridge.config.hook
        self._asked = False
        self._handlers: dict[type[Any], Any] = {
            msg.Hello: self._on_hello,
            msg.Progress: self._on_progress,
            msg.Reported: self._on_reported,
            msg.Recorded: self._on_recorded,
            msg.Live: self._on_live,
            msg.Leaked: lambda _craft, message: self.on_leaked(message),
            msg.TerminalWanted: self._on_terminal_wanted,
            msg.TerminalReturned: self._on_terminal_returned,
            msg.Paused: self._on_paused,
            msg.BasetempWanted: self._on_basetemp_wanted,
            msg.Goodbye: self._on_goodbye,
            msg.Left: self._on_left,
            msg.Refused: self._on_refused,
            msg.CollectReported: self._on_collect_reported,
            msg.Gathered: self._on_gathered,
            msg.Started: lambda _craft, message: self.on_started(message),
            msg.NotStarted: lambda _craft, message: self.on_not_started(message),
            msg.Reaped: lambda _craft, message: self.on_reaped(message),
        }

    def hear(self, craft: Craft) -> None:
        """Take in what a craft has sent."""
        try:
            for message in craft.hull.endpoint.receive():
                self._take(craft, message)
        except ProtocolError as problem:
            craft.garbled = f"it sent what is no message ({problem})"
            craft.hull.endpoint.hang_up()
            self._silence(craft, craft.garbled)
            return
        if craft.hull.endpoint.closed:
            self._silence(craft, "it closed its result channel")

    def was_asked(self) -> bool:
        """Whether somebody has asked something since the last call; there may be more to come."""
        asked, self._asked = self._asked, False
        return asked

    def hear_last_words(self, craft: Craft) -> None:
        """Take in what a craft sent before it ended."""
        if craft.mute:
            return
        try:
            for message in craft.hull.endpoint.drain():
                self._take(craft, message)
        except ProtocolError:
            pass  # its end tells more than its last, broken word

    def hear_keeper(self, message: msg.Message) -> None:
        """Take in what the keeper has sent."""
        if isinstance(message, msg.Started):
            self.on_started(message)
        elif isinstance(message, msg.NotStarted):
            self.on_not_started(message)
        elif isinstance(message, msg.Reaped):
            self.on_reaped(message)
        elif isinstance(message, msg.Leaked):
            self.on_leaked(message)

    def _take(self, craft: Craft, message: msg.Message) -> None:
        handler = self._handlers.get(type(message))
        if handler is None:
            raise ProtocolError(f"{type(message).__name__} is not for the controller")
        handler(craft, message)

    def _silence(self, craft: Craft, why: str) -> None:
        self._bridge.fleet.silence(craft)
        if not craft.is_template and not craft.left:
            self._feed(ev.WorkerMuted(craft.process, why))

    # -- tests ---------------------------------------------------------------------------------

    def _on_hello(self, craft: Craft, message: msg.Hello) -> None:
        if message.version != msg.PROTOCOL_VERSION:
            raise ProtocolError(f"it speaks version {message.version} of the protocol")
        if not craft.is_template:
            self._hook.pytest_testnodeready(node=craft.node)
            ids = _NodeIds(self._bridge.run.items)
            self._hook.pytest_xdist_node_collection_finished(node=craft.node, ids=ids)
            self._feed(ev.WorkerJoined(craft.process))

    def _on_progress(self, craft: Craft, message: msg.Progress) -> None:
        if message.finished >= 0:
            self._on_finished(craft, message.finished)
        if message.started >= 0:
            self._on_test_started(craft, message.started)

    def _on_finished(self, craft: Craft, index: int) -> None:
        worker = self._bridge.run.workers[craft.process]
        _expect(worker.item == index, "a test is finished that had not begun")
        self._feed(ev.TestFinished(craft.process, index))
        craft.sections, craft.told = (), {}
        self._hook.pytest_runtest_logfinish(**self._place(index))

    def _on_test_started(self, craft: Craft, index: int) -> None:
        worker = self._bridge.run.workers[craft.process]
        given = bool(worker.todo) and worker.todo[0] == index
        _expect(given and worker.item is None, "a test begins that had not been given")
        self._feed(ev.TestStarted(craft.process, index))
        self._bridge.begun[index] = clock.monotonic()
        self._hook.pytest_runtest_logstart(**self._place(index))

    def _place(self, index: int) -> dict[str, Any]:
        nodeid = self._bridge.run.items[index].nodeid
        return {"nodeid": nodeid, "location": self._bridge.locations[index]}

    def _on_reported(self, craft: Craft, message: msg.Reported) -> None:
        worker = self._bridge.run.workers[craft.process]
        _expect(worker.item == message.item, "a test reports that had not begun")
        report = self._restore(_complete(craft, message.report))
        report.worker_id = craft.node.gateway.id
        report.testrun_uid = self._bridge.run_uid
        report.item_index = message.item
        if self._bridge.settings.named:
            report.node = craft.node
        if type(report) is pytest.TestReport:
            self._account(craft, message.item, report)
        if hasattr(report, "junit_extras"):
            compat.add_junit_extras(self._bridge.config, report)
        self._hook.pytest_runtest_logreport(report=report)
        self._bridge.heed_wishes()

    def _restore(self, data: Any) -> Any:  # noqa: ANN401 - a report of any plugin
        config = self._bridge.config
        try:
            report = self._hook.pytest_report_from_serializable(config=config, data=data)
        except Exception as problem:
            raise ProtocolError(f"a report cannot be read: {problem!r}") from problem
        _expect(report is not None, "a report is of no known type")
        return report

    def _account(self, craft: Craft, index: int, report: pytest.TestReport) -> None:
        craft.sections = tuple(report.sections)
        self._bridge.durations[index] += report.duration
        xfail = hasattr(report, "wasxfail")
        self._feed(
            ev.TestReported(
                craft.process, index, report.when, report.outcome, xfail, report.duration
            )
        )

    # -- what else a process says --------------------------------------------------------------

    def _on_recorded(self, craft: Craft, message: msg.Recorded) -> None:
        # What was warned of in `pytest_configure`, the controller's own has warned of.
        if craft.is_template and (message.when == "config" or not self._is_news(str(message))):
            return
        self._hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": restore_warning(message),
                "when": message.when,
                "nodeid": message.nodeid,
                "location": message.location,
            }
        )

    def _on_live(self, _craft: Craft, message: msg.Live) -> None:
        write_live(self._bridge.config, message.text, message.sep)

    def on_leaked(self, message: msg.Leaked) -> None:
        """Note a process that outlived its test."""
        items = self._bridge.run.items
        if 0 <= message.item < len(items):
            tests = [items[message.item].nodeid]
        else:
            tests = list(running_at(self._bridge, message.since_ms / 1000))
        self._bridge.note_leak(Leak(message.pid, message.command, tuple(tests)))

    def _on_terminal_wanted(self, craft: Craft, _message: msg.TerminalWanted) -> None:
        self._feed(ev.TerminalLent(craft.process))
        self._bridge.terminal.ask(craft)

    def _on_terminal_returned(self, craft: Craft, _message: msg.TerminalReturned) -> None:
        self._bridge.terminal.give_back(craft)
        self._feed(ev.TerminalReturned(craft.process))

    def _on_paused(self, craft: Craft, _message: msg.Paused) -> None:
        # What its report made pytest and plugins wish is on its way to it before this.
        self._asked = True
        self._feed(ev.Tick())
        process.flush_output()  # what it prints next is to stand behind what we wrote
        craft.hull.endpoint.send(msg.GoOn())

    def _on_basetemp_wanted(self, craft: Craft, _message: msg.BasetempWanted) -> None:
        # Without -n, one process at a time runs tests, and users look for their files where plain
        # pytest puts them.
        base = compat.basetemp_of(self._bridge.config)
        if base is not None and self._bridge.settings.named:
            base = base / f"popen-{craft.node.gateway.id}"
        craft.hull.endpoint.send(msg.BasetempGranted(str(base or "")))

    def _on_goodbye(self, craft: Craft, message: msg.Goodbye) -> None:
        craft.node.workeroutput = message.workeroutput
        if message.exit_code >= 0:
            self._bridge.verdict.exit_text = message.should_stop
            self._bridge.verdict.exit_code = message.exit_code
        elif message.should_stop:
            self._pass_on_wish(message)
        if message.should_stop or message.exit_code >= 0:
            self._feed(ev.StopAsked(message.should_stop or "pytest.exit was called"))
        self._feed(ev.WorkerLeaving(craft.process))

    def _pass_on_wish(self, message: msg.Goodbye) -> None:
        """Have this session end as the worker's did, when it was a plugin there that wanted it."""
        session = self._bridge.session
        if session is None or session.shouldfail or session.shouldstop:
            return
        if message.failed:
            session.shouldfail = message.should_stop
        else:
            session.shouldstop = message.should_stop

    def _on_left(self, craft: Craft, _message: msg.Left) -> None:
        craft.left = True
        self._hook.pytest_testnodedown(node=craft.node, error=None)
        self._feed(ev.WorkerLeft(craft.process))

    def _on_refused(self, craft: Craft, message: msg.Refused) -> None:
        verdict = self._bridge.verdict
        if message.kind == "usage":
            verdict.usage = message.text
        elif message.kind == "exit":
            verdict.exit_text, verdict.exit_code = message.text, message.code
        elif message.kind == "teardown":
            self._bridge.late_errors.append((craft.node.gateway.id, message.text))
            return
        elif message.kind in ("internal", "collection"):
            verdict.internal = message.text
        self._feed(ev.StopAsked(message.text or message.kind))

    # -- the template --------------------------------------------------------------------------

    def _on_collect_reported(self, _craft: Craft, message: msg.CollectReported) -> None:
        data = message.report
        report = pytest.CollectReport(
            nodeid=data["nodeid"],
            outcome=data["outcome"],
            longrepr=data["longrepr"],
            result=[],
            sections=data["sections"],
        )
        if self._is_news(report.nodeid):
            self._hook.pytest_collectreport(report=report)

    def _is_news(self, told: object) -> bool:
        """Whether no template has told this before; one that is started again tells it all."""
        new = not self._bridge.collected and told not in self._bridge.told
        self._bridge.told.add(told)
        return new

    def _on_gathered(self, craft: Craft, message: msg.Gathered) -> None:
        bridge = self._bridge
        items = tuple(_read_item(number, row) for number, row in enumerate(message.items))
        if not bridge.collected:
            bridge.collected, bridge.lines = True, message.lines
            bridge.deselected = message.deselected
            bridge.locations = [tuple(place) for place in message.locations]
            bridge.durations.extend([0.0] * len(items))
            bridge.begun.extend([0.0] * len(items))
        self._feed(ev.Collected(-craft.process, items, message.why_spawn))

    # -- processes -----------------------------------------------------------------------------

    def on_started(self, message: msg.Started) -> None:
        """Note the pid of a craft."""
        end = self._bridge.fleet.started(message.process, message.pid)
        if end is not None:
            self._on_ended(message.process, end)

    def on_not_started(self, message: msg.NotStarted) -> None:
        """Take a craft that could not be started for one that died."""
        self._bridge.verdict.internal = f"a process cannot be started: {message.why}"
        self._on_ended(message.process, End())

    def on_reaped(self, message: msg.Reaped) -> None:
        """Take in the end of a process, by whoever reaped it."""
        end = decode_status(message.status, message.peak_kib)
        craft = self._bridge.fleet.of_pid(message.pid)
        if craft is None:
            self._bridge.fleet.ended_early(message.pid, end)
        else:
            self._on_ended(craft.process, end)

    def miss_orphans(self) -> None:
        """Take the orphans of a dead template that are gone for ended.

        The template may have reaped one, or been told to fork it, and died before its next word.
        """
        for craft in self._bridge.fleet.orphans():
            if not process.exists(craft.pid):
                self._on_ended(craft.process, UNSEEN)

    def _on_ended(self, number: int, end: End) -> None:
        craft = self._bridge.fleet.get(number)
        if craft is None:
            return
        self.hear_last_words(craft)
        end = self._bridge.explain_kill(end)
        doing = craft.hull.page.read()
        if craft.is_template:
            collecting = doing.subject if doing.phase is Phase.COLLECTING else ""
            self._bridge.import_stacks[collecting] = trim_stacks(craft.hull.read_faults())
            self._feed(ev.TemplateEnded(-number, end, collecting))
        else:
            self._bridge.terminal.give_back(craft)
            if not craft.left:
                self._hook.pytest_testnodedown(node=craft.node, error=str(end))
            if number in self._bridge.run.workers:
                self._feed(ev.WorkerEnded(number, end, doing))
        self._bridge.fleet.remove(craft)


def _complete(craft: Craft, data: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Put back what a report left out; so the reports of a test share their strings."""
    if type(data) is dict:
        for key in msg.TOLD_ONCE:
            if key in data:
                craft.told[key] = data[key]
            elif key in craft.told:
                known = craft.told[key]
                data[key] = dict(known) if type(known) is dict else known
    return data


def _expect(fine: bool, otherwise: str) -> None:
    if not fine:
        raise ProtocolError(otherwise)


def _read_item(number: int, row: list[Any]) -> Item:
    nodeid, package, module, cls, level, group, timeout = row
    limit = None if timeout < 0 else timeout
    return Item(number, nodeid, Scopes(package, module, cls), Level(level), group or None, limit)


class _NodeIds(Sequence[str]):
    """The node ids of all items, as a list that costs nothing to make for each worker."""

    def __init__(self, items: Sequence[Item]) -> None:
        self._items = items

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: Any) -> Any:  # noqa: ANN401 - int or slice, as of Sequence
        if isinstance(index, slice):
            return [item.nodeid for item in self._items[index]]
        return self._items[index].nodeid

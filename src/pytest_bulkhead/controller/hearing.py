"""What processes say: to whom each message goes; and what they say of themselves.

What they say of tests is `testimony`, what of the collection `gathering`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pytest_bulkhead import compat
from pytest_bulkhead.controller.below import Below
from pytest_bulkhead.controller.bridge import Bridge, Leak
from pytest_bulkhead.controller.findings import Findings
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.gathering import Gathering
from pytest_bulkhead.controller.imports import Imports
from pytest_bulkhead.controller.leaks import running_at
from pytest_bulkhead.controller.testimony import Testimony
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import UNSEEN, End, decode_status
from pytest_bulkhead.core.item import Item, Phase
from pytest_bulkhead.core.resources.usage import Usage
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.report.crash import trim_stacks
from pytest_bulkhead.system import process
from pytest_bulkhead.system.endpoint import Endpoint

#: What the keeper tells; a template tells the same of its forks.
_OF_THE_KEEPER = (msg.Started, msg.NotStarted, msg.Reaped, msg.Leaked)


class Hearing:
    """Listens to crafts and to the keeper; each event is handed to the run at once."""

    def __init__(self, bridge: Bridge, feed: Callable[[ev.Event], None]) -> None:
        self._bridge = bridge
        self._feed = feed
        self._hook = bridge.config.hook
        self._asked = False
        tests, found = Testimony(bridge, feed), Gathering(bridge, feed)
        imports = Imports(bridge)
        staged = self._below = Below(bridge, feed)
        self._handlers: dict[type[Any], Any] = {
            msg.Hello: self._on_hello,
            msg.Progress: tests.on_progress,
            msg.Reported: tests.on_reported,
            msg.Recorded: found.on_recorded,
            msg.Live: tests.on_live,
            msg.Leaked: self._on_leaked,
            msg.Found: Findings(bridge).on_found,
            msg.Imported: imports.on_told,
            msg.Clashed: imports.on_told,
            msg.TerminalWanted: self._on_terminal_wanted,
            msg.TerminalReturned: self._on_terminal_returned,
            msg.Paused: self._on_paused,
            msg.BasetempWanted: self._on_basetemp_wanted,
            msg.Preparing: staged.on_preparing,
            msg.Clearing: staged.on_clearing,
            msg.Prepared: staged.on_prepared,
            msg.Unforkable: staged.on_unforkable,
            msg.Fell: self._on_fell,
            msg.Parting: self._on_parting,
            msg.Goodbye: self._on_goodbye,
            msg.Left: self._on_left,
            msg.Refused: self._on_refused,
            msg.CollectReported: found.on_collect_reported,
            msg.Gathered: found.on_gathered,
            msg.Started: self._on_started,
            msg.NotStarted: self._on_not_started,
            msg.Reaped: self._on_reaped,
        }

    def hear(self, craft: Craft, source: Endpoint) -> None:
        """Take in what a craft has sent by one of its channels."""
        try:
            for message in source.receive():
                self._take(craft, message)
            if source.closed and source is not craft.hull.line:
                self._hear_line_out(craft)
        except ProtocolError as problem:
            craft.garbled = f"it sent what is no message ({problem})"
            craft.hull.endpoint.hang_up()
            self._silence(craft, craft.garbled)
            return
        if source is craft.hull.line and source.closed:
            self._bridge.fleet.silence_line(craft)
        elif source.closed:
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
            self._hear_line_out(craft)
            for message in craft.hull.endpoint.drain():
                self._take(craft, message)
        except ProtocolError:
            pass  # its end tells more than its last, broken word

    def _hear_line_out(self, craft: Craft) -> None:
        """Take in what those below a craft have said."""
        if craft.staged:
            for message in craft.hull.line.drain():
                self._take(craft, message)

    def hear_keeper(self, message: msg.Message) -> None:
        """Take in what the keeper has sent."""
        if type(message) in _OF_THE_KEEPER:
            self._handlers[type(message)](None, message)

    def _take(self, craft: Craft, message: msg.Message) -> None:
        handler = self._handlers.get(type(message))
        if handler is None:
            raise ProtocolError(f"{type(message).__name__} is not for the controller")
        handler(craft, message)

    def _silence(self, craft: Craft, why: str) -> None:
        self._bridge.fleet.silence(craft)
        if not craft.is_template and not craft.left:
            self._feed(ev.WorkerMuted(craft.process, why))

    # -- what processes say of themselves ------------------------------------------------------

    def _on_hello(self, craft: Craft, message: msg.Hello) -> None:
        if message.version != msg.PROTOCOL_VERSION:
            raise ProtocolError(f"it speaks version {message.version} of the protocol")
        if not craft.is_template:
            self._hook.pytest_testnodeready(node=craft.node)
            ids = _NodeIds(self._bridge.run.items)
            self._hook.pytest_xdist_node_collection_finished(node=craft.node, ids=ids)
            self._feed(ev.WorkerJoined(craft.process))

    def _on_leaked(self, _teller: Craft | None, message: msg.Leaked) -> None:
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
        if craft.held is not None and craft.held.report.failed:
            self._bridge.release(craft)
        # What its report made pytest and plugins wish is on its way to it before this.
        self._asked = True
        self._feed(ev.Tick())
        process.flush_output()  # what it prints next is to stand behind what we wrote
        craft.answers.send(msg.GoOn())

    def _on_basetemp_wanted(self, craft: Craft, _message: msg.BasetempWanted) -> None:
        # Without -n, one process at a time runs tests, and users look for their files where plain
        # pytest puts them.
        base = compat.basetemp_of(self._bridge.config)
        if base is not None and self._bridge.settings.named and not craft.is_template:
            base = base / f"popen-{craft.node.gateway.id}"
        craft.answers.send(msg.BasetempGranted(str(base or "")))

    def _on_fell(self, craft: Craft, message: msg.Fell) -> None:
        self._hear_line_out(craft)
        self._below.on_fell(craft, message)

    def _on_parting(self, craft: Craft, message: msg.Parting) -> None:
        """Take in what a process below a worker leaves, as if it had been a worker's own."""
        if message.workeroutput:
            craft.node.workeroutput = message.workeroutput
            self._hook.pytest_testnodedown(node=craft.node, error=None)
        self._heed_goodbye(message)
        craft.answers.send(msg.GoOn())

    def _on_goodbye(self, craft: Craft, message: msg.Goodbye) -> None:
        craft.node.workeroutput = message.workeroutput
        if not self._bridge.is_trial(craft):
            self._heed_goodbye(message)
        self._feed(ev.WorkerLeaving(craft.process))

    def _heed_goodbye(self, message: msg.Goodbye | msg.Parting) -> None:
        if message.exit_code >= 0:
            self._bridge.verdict.exit_text = message.should_stop
            self._bridge.verdict.exit_code = message.exit_code
        elif message.should_stop:
            self._pass_on_wish(message)
        if message.should_stop or message.exit_code >= 0:
            self._feed(ev.StopAsked(message.should_stop or "pytest.exit was called"))

    def _pass_on_wish(self, message: msg.Goodbye | msg.Parting) -> None:
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

    # -- processes -----------------------------------------------------------------------------

    def _on_started(self, _teller: Craft | None, message: msg.Started) -> None:
        """Note the pid of a craft."""
        end = self._bridge.fleet.started(message.process, message.pid)
        if end is not None:
            self._on_ended(message.process, end)

    def _on_not_started(self, _teller: Craft | None, message: msg.NotStarted) -> None:
        """Take a craft that could not be started for one that died."""
        self._bridge.verdict.internal = f"a process cannot be started: {message.why}"
        self._on_ended(message.process, End())

    def _on_reaped(self, _teller: Craft | None, message: msg.Reaped) -> None:
        """Take in the end of a process, by whoever reaped it."""
        end = decode_status(message.status, message.peak_kib, message.became)
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
        elif craft.spare:
            self._feed(ev.SpareEnded(number, end))
        else:
            self._bridge.terminal.give_back(craft)
            if not (craft.left or self._bridge.is_trial(craft)):
                self._hook.pytest_testnodedown(node=craft.node, error=str(end))
            if number in self._bridge.run.workers:
                self._note_use(number, end)
                self._feed(ev.WorkerEnded(number, end, doing))
            self._bridge.inherit(craft)
        self._bridge.fleet.remove(craft)

    def _note_use(self, number: int, end: End) -> None:
        """Note the memory of a worker, where tests have said how much they need."""
        run = self._bridge.run
        if run.roster.grants.scarce:
            self._bridge.note_use(run.workers[number].group, Usage(ram=end.peak_kib * 1024))


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

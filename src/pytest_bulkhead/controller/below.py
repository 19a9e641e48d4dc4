"""What a staged worker says of the processes below it, turned into events for the run."""

from __future__ import annotations

from collections.abc import Callable

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import decode_status
from pytest_bulkhead.core.run.run import TEMPLATE
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg


class Below:
    """Takes in what is done in stages, and how the processes of cells end."""

    def __init__(self, bridge: Bridge, feed: Callable[[ev.Event], None]) -> None:
        self._bridge = bridge
        self._feed = feed

    def on_preparing(self, craft: Craft, message: msg.Preparing) -> None:
        """Take in that a stage begins to set up what a test needs."""
        self._bridge.release(craft)
        worker = self._bridge.run.workers[craft.process]
        if worker.item is not None or message.item not in worker.todo:
            raise ProtocolError("a stage prepares for a test that was not given")
        self._feed(ev.StageBusy(craft.process, message.item))

    def on_clearing(self, craft: Craft, message: msg.Clearing) -> None:
        """Take in that a stage begins to tear down."""
        if not 0 <= message.item < len(self._bridge.run.items):
            raise ProtocolError("a stage clears up after a test that there is not")
        self._feed(ev.StageBusy(craft.process, message.item, clearing=True))

    def on_prepared(self, craft: Craft, message: msg.Prepared) -> None:
        """Take in that a stage is done."""
        if craft.is_template:
            self._feed(ev.StageIdle(TEMPLATE, message.leaving))
            return
        craft.sections, craft.told = (), {}
        self._feed(ev.StageIdle(craft.process, message.leaving))

    def on_unforkable(self, craft: Craft, message: msg.Unforkable) -> None:
        """Take in that tests have to run together."""
        self._feed(ev.StageUnforkable(craft.process, message.place, message.why))

    def on_fell(self, craft: Craft, message: msg.Fell) -> None:
        """Take in the death of a process below a worker, while its black box is as it was."""
        craft.hull.line.forget_partial()
        end = self._bridge.explain_kill(decode_status(*message))
        self._feed(ev.CellEnded(craft.process, end, craft.hull.page.read()))
        self._bridge.release(craft)
        craft.sections, craft.told = (), {}
        craft.answers.send(msg.Buried())

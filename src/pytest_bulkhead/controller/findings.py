"""What workers say of things left behind: kept for the summary, and written to the journal."""

from __future__ import annotations

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.core.guards.findings import Done, Finding
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg


class Findings:
    """Takes in what guards have found."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def on_found(self, craft: Craft, message: msg.Found) -> None:
        """Take in a finding."""
        try:
            done = Done(message.done)
        except ValueError:
            raise ProtocolError(f"nothing is done that is called {message.done!r}") from None
        if self._bridge.is_trial(craft):
            return
        finding = Finding(message.guard, message.texts, message.blamed, done)
        if done is not Done.RESTORED:
            craft.found.append((message.item, finding))
        if done is not Done.ACCEPTED:
            self._bridge.findings.append(finding)
        facts = {**finding._asdict(), "done": message.done, "item": message.item}
        self._bridge.note_evidence(finding=facts, process=craft.process)

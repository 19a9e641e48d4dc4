"""What processes say of their imports: entered in the bill of the run, and in the journal."""

from __future__ import annotations

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.imports import NAME
from pytest_bulkhead.protocol import messages as msg


class Imports:
    """Takes in what was paid for imports, in this process too."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._plugin = bridge.config.pluginmanager.getplugin(NAME)

    def on_imported(self, craft: Craft | None, message: msg.Imported) -> None:
        """Take in what a process paid; None is this one."""
        if self._plugin is None:
            raise ProtocolError("nobody watches imports")
        self._plugin.hear(message)
        if self._bridge.journal is not None:
            process = 0 if craft is None else craft.process
            self._bridge.journal.evidence(imported=message._asdict(), process=process)

"""What processes say of their imports: entered in the bill of the run, and in the journal."""

from __future__ import annotations

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.imports import NAME
from pytest_bulkhead.protocol import messages as msg


class Imports:
    """Takes in what processes say, this one too."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._plugin = bridge.config.pluginmanager.getplugin(NAME)

    def on_told(self, craft: Craft | None, message: msg.Imported | msg.Clashed) -> None:
        """Take in what a process says; None is this one."""
        if self._plugin is None:
            raise ProtocolError("nobody watches imports")
        self._plugin.hear(message)
        what, process = type(message).__name__.lower(), 0 if craft is None else craft.process
        self._bridge.note_evidence(**{what: message._asdict(), "process": process})

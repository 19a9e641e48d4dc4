"""Two looks at a process that hangs, before it is ended."""

from __future__ import annotations

import dataclasses
from typing import NamedTuple

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.core.crash import native_ways as ways
from pytest_bulkhead.core.crash.native_stack import of_hung
from pytest_bulkhead.core.crash.standstill import Look, Standstill, between
from pytest_bulkhead.system import debuggers, looking

#: Seconds that a debugger may look at a hung process: meanwhile the controller hears nobody.
_LIMIT = 3.0


class Seen(NamedTuple):
    """What is known of a process that has died."""

    #: What faulthandler wrote: at the first look, or at all.
    stacks: str
    standstill: Standstill | None = None
    #: What a debugger saw of it while it hung; empty for nothing.
    native: str = ""


@dataclasses.dataclass(slots=True)
class _Hang:
    """A process that hangs, as far as it was looked at."""

    first: Look
    #: Its stacks at the first look, and how long the file of stacks was before the second.
    stacks: str = ""
    told: int = 0
    standstill: Standstill | None = None
    native: str = ""


class Hangs:
    """Looks at hung processes."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._hangs: dict[int, _Hang] = {}
        self._left = ways.HANGS

    def look(self, craft: Craft, pid: int) -> None:
        """Look for the first time; its stacks are asked for now."""
        self._hangs[craft.process] = _Hang(looking.look(pid))

    def look_again(self, craft: Craft, pid: int) -> None:
        """Look for the second time, at those below it too; its stacks are asked for after that."""
        hang = self._hangs.get(craft.process)
        if hang is None:
            return
        seen = between(hang.first, looking.look(pid))
        hang.stacks = craft.hull.read_faults()
        hang.standstill = seen._replace(
            below=tuple(looking.below(pid, craft.hull.faults)),
            fds=tuple(looking.open_files(pid)),
            limits=tuple(looking.memory_limits(pid)),
        )
        hang.told = len(craft.hull.read_faults())

    def ask_debugger(self, craft: Craft, pid: int) -> None:
        """Have a debugger look, where that is wanted; it keeps the process from what it does."""
        if craft.process in self._hangs:
            self._hangs[craft.process].native = self._native(craft, pid)

    def take(self, craft: Craft, *, ended: bool) -> Seen:
        """Return what is known of a process that has died, and forget it.

        Args:
            craft: it, or who is above it.
            ended: it was ended; who went on after it was looked at died of something else.
        """
        hang, stacks = self._hangs.pop(craft.process, None), craft.hull.read_faults()
        if hang is None or hang.standstill is None or not ended:
            return Seen(stacks)
        standstill = hang.standstill._replace(again=stacks[hang.told :])
        return Seen(hang.stacks, standstill, hang.native)

    def _native(self, craft: Craft, pid: int) -> str:
        worker = self._bridge.run.workers.get(craft.process)
        way = self._bridge.settings.native
        if way == "off" or worker is None or not worker.timed_out or self._left <= 0:
            return ""
        self._left -= 1
        tools = debuggers.installed()
        tool = ways.tool_for_hung(way, tools)
        if not tool:
            missing = ways.wanted_for_hung(way)
            return f"none: {missing} is not in PATH; pip install 'pytest-bulkhead[native]'"
        said = debuggers.run(ways.on_hung(tool, tools[tool], pid), _LIMIT)
        frames = of_hung(tool, said.text)
        if frames:
            return f"by {tool}, of process {pid} while it hung:\n{frames}"
        last = said.text.strip().rpartition("\n")[2]
        return f"none: {tool} {'took too long' if said.late else f'told none: {last}'}"

"""Measures what workers use: the memory of GPUs that they were granted, and their own.

Their own is looked at while they run only where they may not use more than they were granted
(`isolate_enforce = ram`); what they used at most, the kernel tells at their end.

Measures nothing in a run whose tests need nothing. Decides nothing: whether a GPU has come back is
`core.resources.holders`' and `core.run.returning`'s affair.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.resources.capacity import Grant
from pytest_bulkhead.core.resources.holders import Holder, Look, holders, taken
from pytest_bulkhead.core.resources.sizes import show_size
from pytest_bulkhead.core.resources.usage import Usage, overdraft
from pytest_bulkhead.system import linux, nvml

#: Seconds between two looks at GPUs in use, and at memory: that may grow by gigabytes in one.
_GPU_LOOK, _RAM_LOOK = 0.5, 0.1


@dataclasses.dataclass
class _Watched:
    """A worker that was granted GPUs."""

    group: int
    #: {GPU: what NVML told of it when it was granted}
    before: dict[str, Look]
    pid: int = 0
    #: The pids, of it and all below it, that NVML has named.
    known: set[int] = dataclasses.field(default_factory=set)


class Gauge:
    """Looks at what workers use."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge
        self._watched: dict[int, _Watched] = {}
        self._next = self._next_ram = 0.0
        #: {worker: the bytes that it may have}
        self._limits: dict[int, float] = {}

    def next_look(self) -> float:
        """Return the instant of the next look; infinite when there is nothing to look at."""
        gpus = self._next if self._watched else math.inf
        return min(gpus, self._next_ram if self._limits else math.inf)

    def begin(self, worker: int, group: int, grant: Grant) -> None:
        """Note what the GPUs of a worker hold before it is started."""
        if grant.ram and "ram" in self._bridge.settings.enforce:
            self._limits[worker] = grant.ram
        uuids = self._uuids(grant.cards)
        if uuids:
            self._watched[worker] = _Watched(group, nvml.look_at(uuids))

    def _uuids(self, cards: Iterable[int]) -> list[str]:
        capacity = self._bridge.run.roster.grants.capacity
        found = [capacity.cards[number].uuid for number in cards] if capacity else []
        return [uuid for uuid in found if uuid]  # nobody knows which one the others are

    def look(self, now: float) -> None:
        """Look at all that is watched and due."""
        if self._limits and now >= self._next_ram:
            self._next_ram = now + _RAM_LOOK
            self._look_at_memory()
        if self._watched and now >= self._next:
            self._next = now + _GPU_LOOK
            self._look_at_gpus()

    def _look_at_memory(self) -> None:
        for worker, limit in list(self._limits.items()):
            craft = self._bridge.fleet.get(worker)
            if craft is None:
                del self._limits[worker]
            elif craft.pid and self._is_limited(worker):
                pids = (craft.pid, *linux.descendants_of(craft.pid))
                used = sum(map(linux.share_of_memory, pids))
                if why := overdraft(limit, used):
                    self._bridge.events.append(ev.Overdrawn(worker, why))

    def _is_limited(self, worker: int) -> bool:
        """Whether the test in hand has said how much it needs.

        A neighbour in its process, or in the stage that it is forked from, has not said it for it.
        """
        run = self._bridge.run
        item = run.workers[worker].item if worker in run.workers else None
        return item is not None and bool(run.items[item].needs.ram)

    def _look_at_gpus(self) -> None:
        looks = nvml.look_at({uuid for one in self._watched.values() for uuid in one.before})
        for worker, watched in self._watched.items():
            craft = self._bridge.fleet.get(worker)
            if craft is not None and craft.pid:
                watched.pid = craft.pid
                self._measure(watched, looks)

    def _measure(self, watched: _Watched, looks: dict[str, Look]) -> None:
        own = {watched.pid, *linux.descendants_of(watched.pid)}
        for uuid, before in watched.before.items():
            if uuid in looks:
                watched.known |= own & looks[uuid].processes.keys()
                size = taken(before, looks[uuid], own, alone=self._is_alone(uuid))
                self._bridge.note_use(watched.group, Usage(gpu_memory=size))

    def _is_alone(self, uuid: str) -> bool:
        return sum(uuid in one.before for one in self._watched.values()) == 1

    def holders(self, worker: int) -> tuple[str, ...]:
        """Return who still holds memory of the GPUs of a worker that is gone, in words."""
        watched = self._watched.get(worker)
        if watched is None:
            return ()
        looks = nvml.look_at(watched.before)
        left = self._left()
        found = [
            (uuid, one)
            for uuid, before in watched.before.items()
            if uuid in looks
            for one in holders(before, looks[uuid], watched.known, left, alone=self._is_alone(uuid))
        ]
        if not found:
            del self._watched[worker]
        return tuple(_show(uuid, one) for uuid, one in found)

    def _left(self) -> set[int]:
        """Return the pids of this run that are below no process of ours that is alive."""
        keeper = self._bridge.keep.pid
        mine = set(linux.descendants_of(keeper))
        return mine - set(self._alive())

    def _alive(self) -> Iterator[int]:
        for craft in self._bridge.fleet:
            if craft.pid:
                yield craft.pid
                yield from linux.descendants_of(craft.pid)

    def forget(self, worker: int) -> None:
        """Watch the GPUs of a worker no more: they go to others, come back or not."""
        self._watched.pop(worker, None)


def _show(uuid: str, holder: Holder) -> str:
    size = show_size(holder.size) if holder.size else "an unknown part"
    if not holder.pid:
        return f"{size} of {uuid}: NVML does not tell who holds it"
    return f"{size} of {uuid}: pid {holder.pid} ({linux.command_of(holder.pid) or 'gone'})"

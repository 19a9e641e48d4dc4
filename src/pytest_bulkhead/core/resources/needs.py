"""What tests take of the machine while they run, and what several of them take in one process.

Of what a test requires, this is the part that others can take away from it meanwhile: the rest is
there for all, or for nobody (`judging`). Light on imports: every isolated run has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

#: How many locks are named to people; one more is as short as to say so.
_NAMED = 4


class Needs(NamedTuple):
    """What is taken. Who asks for nothing takes one CPU, as every process does."""

    cpus: int = 1
    #: Bytes.
    ram: float = 0
    gpus: int = 0
    #: Bytes of each GPU; 0 for all that it has.
    gpu_memory: float = 0
    #: Bytes of the GPUs together, which are taken whole then.
    gpu_memory_total: float = 0
    #: The range of compute capabilities; empty for any.
    capability: str = ""
    #: Locks that nobody else may hold.
    exclusive: tuple[str, ...] = ()
    #: Locks that others may share.
    shared: tuple[str, ...] = ()

    def takes(self) -> frozenset[str]:
        """Return the names of what it takes some of."""
        names = {"cpus", *map(lock_name, (*self.exclusive, *self.shared))}
        if self.ram:
            names.add("ram")
        if self.gpus:
            names.add("gpus")
        return frozenset(names)

    @property
    def text(self) -> str:
        """It for people: `gpu 1, ram 48GB`."""
        from pytest_bulkhead.core.resources.sizes import write_size  # noqa: PLC0415 - few runs need anything

        gpus = f"gpu {self.gpus}" if self.gpus else ""
        memory = self.gpu_memory and f"gpu_memory {write_size(self.gpu_memory)}"
        total = self.gpu_memory_total and f"gpu_memory_total {write_size(self.gpu_memory_total)}"
        ram = self.ram and f"ram {write_size(self.ram)}"
        cpus = f"cpus {self.cpus}" if self.cpus > 1 else ""
        locks = [f"exclusive {name}" for name in self.exclusive]
        locks += [f"shared {name}" for name in self.shared]
        if len(locks) > _NAMED + 1:
            locks[_NAMED:] = [f"and {len(locks) - _NAMED} locks more"]
        return ", ".join(str(one) for one in (gpus, memory, total, ram, cpus, *locks) if one)


NOTHING = Needs()


def read_needs(row: Sequence[Any]) -> Needs:
    """Return them of the list of their fields, as JSON has it; of none, nothing."""
    return Needs._make(tuple(one) if isinstance(one, list) else one for one in row or NOTHING)


def lock_name(name: str) -> str:
    """Return how a lock is told from the other resources."""
    return f"lock {name}"


def join_needs(several: Iterable[Needs]) -> Needs:
    """Return what tests take that run one after the other in one process.

    Of amounts the largest, for it is held until the process is gone; of locks, all of them.
    """
    found = set(several)
    if len(found) < 2:
        return found.pop() if found else NOTHING
    whole = any(one.gpus and not one.gpu_memory for one in found)
    exclusive = {name for one in found for name in one.exclusive}
    shared = {name for one in found for name in one.shared} - exclusive
    return Needs(
        cpus=max(one.cpus for one in found),
        ram=max(one.ram for one in found),
        gpus=max(one.gpus for one in found),
        gpu_memory=0 if whole else max(one.gpu_memory for one in found),
        gpu_memory_total=max(one.gpu_memory_total for one in found),
        capability=_join_ranges(one.capability for one in found),
        exclusive=tuple(sorted(exclusive)),
        shared=tuple(sorted(shared)),
    )


def _join_ranges(ranges: Iterable[str]) -> str:
    # A range is a list of conditions, and all of them have to be met.
    return ",".join(sorted({one for one in ranges if one}))

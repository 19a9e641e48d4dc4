"""Who still holds memory of a GPU that tests were granted.

The driver names processes by pid, but in a container those may be the pids of another namespace.
So its word counts once it has named a process of ours; until then, only what is in use tells, and
only where nobody else of ours had a part of that GPU.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

#: Bytes by which what is in use may differ for no reason of ours: the driver keeps tables.
SLACK = 64 * 2**20


class Look(NamedTuple):
    """What NVML tells of a GPU at an instant."""

    #: Bytes in use, by anybody; of the driver's own too.
    used: int
    #: {pid: bytes that it holds, 0 when NVML does not tell}
    processes: Mapping[int, int]


class Holder(NamedTuple):
    """Somebody who holds memory."""

    #: 0 when nobody can tell who it is.
    pid: int
    #: Bytes; 0 when NVML does not tell.
    size: int


def holders(
    before: Look, now: Look, known: Collection[int], left: Collection[int], *, alone: bool
) -> list[Holder]:
    """Return who holds memory of a GPU for tests whose process is gone.

    Args:
        before: the GPU when they were granted it.
        now: the GPU now.
        known: the pids by which it has named processes of theirs; empty for none yet.
        left: the pids that are of this run and of no worker that is alive.
        alone: no other worker has a part of it.
    """
    named = [pid for pid in now.processes if pid in known or pid in left]
    if named or known:
        return [Holder(pid, now.processes[pid]) for pid in named]
    grown = now.used - before.used
    return [Holder(0, grown)] if alone and grown > SLACK else []


def taken(before: Look, now: Look, own: Collection[int], *, alone: bool) -> int:
    """Return the bytes of a GPU that a worker holds, as far as anybody can tell.

    Args:
        before: the GPU when it was granted.
        now: the GPU now.
        own: the pids of the worker and all below it.
        alone: no other worker has a part of it.
    """
    named = [size for pid, size in now.processes.items() if pid in own]
    if any(named):
        return sum(named)
    return max(0, now.used - before.used) if alone else 0

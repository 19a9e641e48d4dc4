"""What the end of a process gives back: as long as it is little, nobody need wait for that end.

The kernel takes 2 ms to end a process that was forked from a pytest (measured: as long as the fork
itself), and what follows can begin meanwhile, unless it could want what is not given back yet. All
that one process can keep from another hangs on a descriptor (a port, a lock, a device) or is
memory.
"""

from __future__ import annotations

import os

from pytest_bulkhead.system import linux

#: Bytes by which a process may have grown. A test of 10 GB must be gone before the next one begins.
_GROWTH = 32 * 1024 * 1024


class Burden:
    """What this process holds now, to be compared with what it will hold."""

    def __init__(self) -> None:
        self._descriptors = _descriptors()
        self._bytes = linux.resident_bytes()

    def has_grown(self) -> bool:
        """Whether it has descriptors that it had not, or much more memory."""
        unknown = not self._descriptors or not self._bytes
        more = unknown or not _descriptors() <= self._descriptors
        return more or linux.resident_bytes() > self._bytes + _GROWTH


def _descriptors() -> set[str]:
    """Return the numbers of what is open; empty when that cannot be told."""
    try:
        return set(os.listdir("/proc/self/fd"))
    except OSError:
        return set()

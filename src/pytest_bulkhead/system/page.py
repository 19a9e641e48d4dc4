"""The black box's memory: one page that the controller maps as well."""

from __future__ import annotations

import mmap
import os
import tempfile

from pytest_bulkhead.core.item import Blame
from pytest_bulkhead.protocol.blackbox import (
    PAGE_SIZE,
    Tail,
    pack_blame,
    pack_left,
    pack_process,
    pack_stopped,
    unpack_blame,
    unpack_tail,
)


class Page:
    """A black box mapped into this process. It outlives its descriptor, which a test may close."""

    def __init__(self, fd: int) -> None:
        self._map = mmap.mmap(fd, PAGE_SIZE)
        self._view = memoryview(self._map)

    def write(self, blame: Blame) -> None:
        """Enter what is about to be done."""
        pack_blame(self._view, blame)

    def read(self) -> Blame:
        """Return the last entry."""
        return unpack_blame(self._view)

    def take_charge(self, process: int) -> None:
        """Enter which process is at work from here on."""
        pack_process(self._view, process)

    def note_left(self) -> None:
        """Enter that the process at work has done all it had to."""
        pack_left(self._view)

    def note_stopped(self) -> None:
        """Enter that no further test is to start."""
        pack_stopped(self._view)

    def tail(self) -> Tail:
        """Return who is at work, and what was entered with it."""
        return unpack_tail(self._view)

    def close(self) -> None:
        """Unmap it."""
        self._view.release()
        self._map.close()


def new_page() -> int:
    """Return the descriptor of a new page, empty."""
    fd = memory_file("blackbox")
    os.ftruncate(fd, PAGE_SIZE)
    return fd


def memory_file(name: str) -> int:
    """Return the descriptor of a new file without a name, in memory where the system has that."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create(name)
    fd, path = tempfile.mkstemp()
    os.unlink(path)
    return fd

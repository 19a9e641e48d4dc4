"""How a child says that it is done, which is some time before it has ended."""

from __future__ import annotations

import contextlib
import os
import select

from pytest_bulkhead.system import linux
from pytest_bulkhead.system.files import raise_fd


class Bell:
    """What a child rings and its parent hears: a counter of the kernel's that both have."""

    def __init__(self) -> None:
        self._fd = raise_fd(os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC))

    def ring(self) -> None:
        """Ring it, unless a test has closed it."""
        with contextlib.suppress(OSError):
            os.eventfd_write(self._fd, 1)

    def await_ring(self, pid: int) -> bool:
        """Wait until it rings or a child ends; return whether it has rung."""
        watch = linux.watch_pid(pid)
        if watch is None:
            return False
        poll = select.poll()
        poll.register(watch, select.POLLIN)
        poll.register(self._fd, select.POLLIN)
        poll.poll()
        os.close(watch)
        try:
            return os.eventfd_read(self._fd) > 0
        except OSError:
            return False

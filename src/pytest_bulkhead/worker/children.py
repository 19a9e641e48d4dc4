"""The child processes of a worker: which test left which one running."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

from pytest_bulkhead.system import linux, process

#: Processes that Python starts and ends by itself, when the pipe that they read is closed.
_OF_PYTHON = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "loky.backend")


class Nursery:
    """Notes children when they are first seen, so that a leak can be named after its test."""

    def __init__(self) -> None:
        #: {pid: the item after which it was first seen}
        self._seen: dict[int, int] = {}

    def look(self, item: int) -> None:
        """Note the children that a test leaves; costs a microsecond when there are none."""
        if process.has_children():
            for pid in linux.children_of(os.getpid()):
                self._seen.setdefault(pid, item)

    def survivors(self) -> Iterator[tuple[int, str, int]]:
        """End and yield the children that are left: pid, command, and the test that left them."""
        if not process.has_children():
            return
        for pid in linux.children_of(os.getpid()):
            command = linux.command_of(pid)
            process.send_signal(pid, signal.SIGKILL)
            if command and not any(part in command for part in _OF_PYTHON):
                yield pid, command, self._seen.get(pid, -1)

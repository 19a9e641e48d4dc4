"""The child processes of a worker: which test left which one running."""

from __future__ import annotations

import signal
from collections.abc import Iterator

from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import linux, process
from pytest_bulkhead.system.orphans import describe_leak


class Nursery:
    """Notes children when they are first seen, so that a leak can be named after its test."""

    def __init__(self) -> None:
        #: {pid: the item after which it was first seen}
        self._seen: dict[int, int] = {}

    def look(self, item: int) -> None:
        """Note the children that a test leaves; costs a microsecond when there are none."""
        if process.has_children():
            for pid in linux.children_of(process.own_pid()):
                self._seen.setdefault(pid, item)

    def survivors(self) -> Iterator[msg.Leaked]:
        """End the children that are left and yield what is to be told of them."""
        if not process.has_children():
            return
        for pid in linux.children_of(process.own_pid()):
            leak = describe_leak(pid, self._seen.get(pid, -1))
            process.send_signal(pid, signal.SIGKILL)
            if leak is not None:
                yield leak

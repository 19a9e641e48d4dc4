"""What a dead worker left running in its process group: named before it is ended."""

from __future__ import annotations

from collections.abc import Iterator

from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import linux

#: Processes that Python starts and ends by itself, when the pipe that they read is closed.
_OF_PYTHON = ("multiprocessing.resource_tracker", "multiprocessing.forkserver", "loky.backend")


def is_of_python(command: str) -> bool:
    """Whether Python itself started a process with this command line."""
    return any(part in command for part in _OF_PYTHON)


def describe_leak(pid: int, item: int = -1) -> msg.Leaked | None:
    """Return the message on a process that outlived its test; None when it is nobody's fault."""
    command = linux.command_of(pid)
    if not command or is_of_python(command):
        return None
    return msg.Leaked(pid, command, item, int(linux.start_of(pid) * 1000))


def leaks_of_group(keeper: int, leader: int) -> Iterator[msg.Leaked]:
    """Yield what a dead leader of a process group has left in it.

    Args:
        keeper: who adopts orphans.
        leader: a process that has ended and is not reaped.
    """
    for pid in linux.adopted_of_group(keeper, leader):
        leak = describe_leak(pid)
        if leak is not None:
            yield leak

"""What /proc tells of a process that hangs; of one that is gone, nothing.

Linux only, as `linux`: elsewhere all of it is empty.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pytest_bulkhead.core.crash.standstill import Below, Look
from pytest_bulkhead.system import clock, linux, process

#: Processes below a hung one that are looked at, and descriptors that are told.
_MAX_BELOW, _MAX_FDS = 4, 100

#: Seconds in which a process begins to write its stacks; a pause in which nothing came is the end.
_DUMP_LIMIT, _DUMP_PAUSE = 0.3, 0.03

_MEMORY_LIMITS = {"Max address space": "RLIMIT_AS", "Max data size": "RLIMIT_DATA"}


def look(pid: int) -> Look:
    """Look at a process, and at the time that all below it have used."""
    cpu = sum(map(_cpu_seconds, (pid, *linux.descendants_of(pid))))
    return Look(clock.monotonic(), cpu, _field(pid, "State"))


def below(pid: int, faults: int) -> Iterator[Below]:
    """Yield the processes below one.

    Args:
        pid: who is above them.
        faults: the descriptor of the file into which all of them write their stacks.
    """
    for child in linux.descendants_of(pid)[:_MAX_BELOW]:
        state = _field(child, "State")
        # The signal would end who does not wait for it.
        stacks = _stacks_of(child, faults) if catches(child, process.stack_dump_signal()) else ""
        yield Below(child, linux.command_of(child), state, stacks)


def open_files(pid: int) -> Iterator[str]:
    """Yield what the descriptors of a process mean, the first hundred."""
    with contextlib.suppress(OSError):
        for number in sorted(map(int, os.listdir(f"/proc/{pid}/fd")))[:_MAX_FDS]:
            with contextlib.suppress(OSError):  # it was closed while we looked
                yield f"{number} -> {os.readlink(f'/proc/{pid}/fd/{number}')}"


def memory_limits(pid: int) -> Iterator[tuple[str, int]]:
    """Yield the limits of memory that are in force for a process, in bytes."""
    for line in _lines(f"/proc/{pid}/limits"):
        for title, name in _MEMORY_LIMITS.items():
            soft = line[len(title) :].split()[:1]
            if line.startswith(title) and soft != ["unlimited"]:
                yield name, int(soft[0])


def stacks_of(pid: int, faults: int, limit: float) -> str:
    """Return the stacks of a process that goes on; of one that would die of being asked, nothing.

    Args:
        pid: of it.
        faults: the descriptor of the file into which it writes them; they are taken out of there.
        limit: seconds in which it has to begin.
    """
    if not catches(pid, process.stack_dump_signal()):
        return ""
    start = os.fstat(faults).st_size
    stacks = _stacks_of(pid, faults, limit)
    os.ftruncate(faults, start)
    os.lseek(faults, start, os.SEEK_SET)
    return stacks


def _stacks_of(pid: int, faults: int, limit: float = _DUMP_LIMIT) -> str:
    """Have a process write its stacks, and wait until it has."""
    start = size = os.fstat(faults).st_size
    process.send_signal(pid, process.stack_dump_signal())
    deadline = clock.monotonic() + limit
    while clock.monotonic() < deadline:
        clock.pause(_DUMP_PAUSE)
        before, size = size, os.fstat(faults).st_size
        if start < before == size:
            break
    return os.pread(faults, size - start, start).decode("utf-8", "backslashreplace")


def _cpu_seconds(pid: int) -> float:
    for line in _lines(f"/proc/{pid}/stat"):
        # utime and stime, fields 14 and 15 of proc_pid_stat(5), counted from the state, field 3.
        user, system = line.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    return 0.0


def catches(pid: int, signum: int) -> bool:
    """Return whether a process has a function for a signal."""
    return bool(int(_field(pid, "SigCgt") or "0", 16) >> (signum - 1) & 1)


def _field(pid: int, name: str) -> str:
    for line in _lines(f"/proc/{pid}/status"):
        key, _colon, value = line.partition(":")
        if key == name:
            return value.strip()
    return ""


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []

"""What only Linux has: prctl, pidfds, /proc, control groups.

Elsewhere the same functions answer that they know nothing, so the run is spawned, not forked, and
says so.
"""

from __future__ import annotations

import functools
import mmap
import os
import signal
import sys
from pathlib import Path
from typing import Any

from pytest_bulkhead.system import clock

ON_LINUX = sys.platform.startswith("linux")

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36


def _prctl(option: int, value: int) -> bool:
    if not ON_LINUX:
        return False
    return int(libc().prctl(option, value, 0, 0, 0)) == 0


@functools.cache
def libc() -> Any:  # noqa: ANN401 - ctypes.CDLL
    """Return the C library; it is looked for once in a process and all its forks."""
    import ctypes  # noqa: PLC0415 - 4 ms that the controller, which never asks, need not spend

    return ctypes.CDLL(None, use_errno=True)


def die_with_parent(parent: int, signum: int = signal.SIGKILL) -> None:
    """Have the kernel send us a signal when our parent ends.

    Args:
        parent: who our parent is meant to be; it may be gone already.
        signum: the signal.
    """
    _prctl(_PR_SET_PDEATHSIG, signum)
    if ON_LINUX and os.getppid() != parent:
        os.kill(os.getpid(), signum)


def adopt_orphans() -> None:
    """Become the parent of every descendant whose own parent ends (a "subreaper")."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def watch_pid(pid: int) -> int | None:
    """Return a descriptor that becomes readable when a child ends; None where there is none."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def _read(path: str) -> str:
    # pathlib and a text file would touch, in each fork, a dozen more pages of memory.
    fd = os.open(path, os.O_RDONLY)
    try:
        chunks = []
        while chunk := os.read(fd, 65536):
            chunks.append(chunk)
    finally:
        os.close(fd)
    return b"".join(chunks).decode("utf-8", "replace")


#: Where the native threads of this process are listed.
THREADS = "/proc/self/task"


def threads() -> dict[int, str]:
    """Return {id: name} of all native threads of this process, the main one first.

    Raises:
        OSError: they cannot be listed.
    """
    names = {}
    for tid in sorted(map(int, os.listdir(THREADS))):
        try:
            names[tid] = _read(f"{THREADS}/{tid}/comm").strip()
        except OSError:
            pass  # it ended while we looked
    return names


def resident_bytes() -> int:
    """Return how much memory this process has, 0 when that cannot be told."""
    try:
        return int(_read("/proc/self/statm").split()[1]) * mmap.PAGESIZE
    except OSError:
        return 0


def share_of_memory(pid: int) -> int:
    """Return the bytes that a process has, of pages that it shares its part; 0 when it is gone.

    What is resident would count the pages that forked processes share once for each of them.
    """
    try:
        lines = _read(f"/proc/{pid}/smaps_rollup").splitlines()
    except OSError:
        return 0
    return next((int(ln.split()[1]) * 1024 for ln in lines if ln.startswith("Pss:")), 0)


def children_of(pid: int) -> list[int]:
    """Return the direct children of a process, zombies included."""
    children: list[int] = []
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    for tid in tasks:
        try:
            children += map(int, _read(f"/proc/{pid}/task/{tid}/children").split())
        except OSError:
            pass
    return children


def descendants_of(pid: int) -> list[int]:
    """Return all processes below a process, parents before children."""
    found: list[int] = []
    queue = children_of(pid)
    while queue:
        child = queue.pop(0)
        found.append(child)
        queue += children_of(child)
    return found


def is_below(pid: int, ancestor: int) -> bool:
    """Whether a process is alive and a descendant of another one."""
    while pid > 1 and pid != ancestor:
        try:
            pid = int(_read(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])
        except OSError:
            return False
    return pid == ancestor


#: How often, and after how many seconds, a process that has no arguments yet is looked at again.
_EXEC_LOOKS, _EXEC_PAUSE = 20, 0.001


def command_of(pid: int) -> str:
    """Return the command line of a process, empty when it is a zombie or gone."""
    name = ""
    for _ in range(_EXEC_LOOKS):
        try:
            arguments = _read(f"/proc/{pid}/cmdline")
            name, _paren, state = _read(f"/proc/{pid}/stat").rpartition(")")
        except OSError:
            return ""
        if arguments or state.split()[0] == "Z":
            return arguments.replace("\0", " ").strip()
        # In the middle of an exec it has a name but no arguments yet, though whoever started it
        # was told that the exec went well.
        clock.pause(_EXEC_PAUSE)
    return name.partition("(")[2]


def start_of(pid: int) -> float:
    """Return when a process was started, on the clock of `time.monotonic`; 0.0 when unknown."""
    try:
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
    except OSError:
        return 0.0
    # Field 22 of proc_pid_stat(5), counted from the state, which is field 3. In clock ticks since
    # boot, which is CLOCK_BOOTTIME: the same as monotonic unless the machine slept.
    return int(fields[19]) / os.sysconf("SC_CLK_TCK")


@functools.cache
def _oom_counter() -> Path | None:
    """Return the file of our memory control group that counts out-of-memory kills."""
    try:
        lines = _read("/proc/self/cgroup").splitlines()
    except OSError:
        return None
    candidates = []
    for line in lines:
        _number, controllers, path = line.split(":", 2)
        if controllers == "memory":
            candidates.append(Path(f"/sys/fs/cgroup/memory{path}/memory.oom_control"))
        elif not controllers:
            candidates.append(Path(f"/sys/fs/cgroup{path}/memory.events"))
    return next((path for path in candidates if path.exists()), None)


def memory_events() -> dict[str, int]:
    """Return {event of memory: how often it happened in our control group}, empty when unknown."""
    counter = _oom_counter()
    try:
        lines = _read(str(counter)).splitlines() if counter is not None else []
    except OSError:
        return {}
    return {name: int(count) for name, count in map(str.split, lines)}


def oom_kills() -> int | None:
    """Return how often the kernel killed for memory in our control group; None when unknown."""
    return memory_events().get("oom_kill")


def adopted_of_group(parent: int, group: int) -> list[int]:
    """Return the orphans that a parent adopted from a process group; no scan of all processes."""
    found = []
    for pid in children_of(parent):
        try:
            if pid != group and os.getpgid(pid) == group:
                found.append(pid)
        except ProcessLookupError:
            pass
    return found

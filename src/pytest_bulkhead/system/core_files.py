"""Core files: whether the kernel writes them, and the one of a process that has died."""

from __future__ import annotations

import glob
import os
import resource
from pathlib import Path

from pytest_bulkhead.core.crash.core_files import core_glob
from pytest_bulkhead.core.known import Fact, Known, Unknown

_PATTERN = "/proc/sys/kernel/core_pattern"
_USES_PID = "/proc/sys/kernel/core_uses_pid"


def raise_limit() -> None:
    """Let this process, and all that it starts, write core files as large as they may be."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))


def find_core(pid: int, folder: str, since: float) -> Fact[str]:
    """Return the path of the core file of a process that has died.

    Args:
        pid: of the process.
        folder: where it was started. One that went elsewhere has left it there, unknown to us.
        since: seconds since the epoch; what is older is of another process.
    """
    if resource.getrlimit(resource.RLIMIT_CORE)[0] == 0:
        return Unknown("no core files are written here (`ulimit -c` is 0)")
    uses_pid = _read(_USES_PID)
    pattern = core_glob(_read(_PATTERN), uses_pid=uses_pid == Known("1", _USES_PID), pid=pid)
    if isinstance(pattern, Unknown):
        return pattern
    where = os.path.join(glob.escape(folder), pattern.value)
    found = [path for path in glob.glob(where) if os.stat(path).st_mtime >= since]
    if not found:
        return Unknown(f"no core file is at {os.path.join(folder, pattern.value)}")
    return Known(max(found, key=os.path.getmtime), pattern.source)


def _read(path: str) -> Fact[str]:
    try:
        return Known(Path(path).read_text(encoding="utf-8").strip(), path)
    except OSError as problem:
        return Unknown(f"{path}: {problem.strerror}")

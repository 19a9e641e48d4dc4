"""What a process has forked, and whether that waits for a lock that nobody may hold any more.

Read from /proc, of processes of the same user: nothing is attached to and nothing is stopped.
"""

from __future__ import annotations

import re
from pathlib import Path

from pytest_bulkhead.core.crash.evidence import Forked
from pytest_bulkhead.system import linux

#: {library with a pool of threads: its file, as it is mapped}
_POOLS = {
    "OpenMP": re.compile(r"/lib(?:gomp|omp|iomp5)[-.][^/]*$", re.M),
    "tokenizers": re.compile(r"/tokenizers\.[^/]*\.so$", re.M),
    "gRPC": re.compile(r"/cygrpc\.[^/]*\.so$", re.M),
    "polars": re.compile(r"/_?polars[^/]*\.so$", re.M),
}
#: How the kernel names a wait for a lock: `futex_wait_queue`, `futex_do_wait`.
_LOCK = "futex"


def forked_children(pid: int) -> tuple[Forked, ...]:
    """Return what a process has forked that runs no other program; empty where that is not told."""
    command = linux.command_of(pid)
    same = [child for child in linux.children_of(pid) if linux.command_of(child) == command]
    return tuple(map(_look_at, same))


def _look_at(pid: int) -> Forked:
    try:
        threads = len(list(Path(f"/proc/{pid}/task").iterdir()))
        waits = threads == 1 and _LOCK in Path(f"/proc/{pid}/wchan").read_text()
        mapped = Path(f"/proc/{pid}/maps").read_text(errors="replace")
    except OSError:  # it has ended
        return Forked(pid, waits=False, pools=())
    return Forked(pid, waits, tuple(name for name, file in _POOLS.items() if file.search(mapped)))

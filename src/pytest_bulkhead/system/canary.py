"""A child that is forked to see whether forked children live.

The facts (`forkability`) say what is known to be dangerous; this finds what nobody knew: an atfork
handler that waits for ever, an OpenMP pool that is gone, a crash in the first moment after a fork.
The child looks whether it is alone, and has each OpenMP runtime run one parallel region.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import select
import signal
from collections.abc import Sequence

from pytest_bulkhead.core.ends import decode_status
from pytest_bulkhead.system import clock, faults, linux, process
from pytest_bulkhead.system.files import read_text

#: Seconds that the child may take: a fork of the largest process takes a tenth of one.
LIMIT = 5.0
#: Seconds in which its stacks are written.
_DUMP = 0.3

#: The exit code of a child that has threads which it should not have.
_NOT_ALONE = 3

#: A line of a stack as faulthandler writes it.
_FRAME = re.compile(r'File "([^"]+)", line (\d+)')


def why_children_die(openmp: Sequence[str], faults_fd: int) -> str:
    """Fork a child, and return what happened to it; empty when it lived.

    Args:
        openmp: paths of the OpenMP runtimes of this process.
        faults_fd: where the stacks of this process go when it is asked for them.
    """
    pid = process.bare_fork()
    if pid == 0:
        _live(openmp)
    watch = linux.watch_pid(pid)
    if watch is None:
        return ""
    try:
        came_to_its_end = bool(select.select([watch], [], [], LIMIT)[0])
    finally:
        os.close(watch)
    place = "" if came_to_its_end else _end(pid, faults_fd)
    _pid, status = os.waitpid(pid, 0)
    if not came_to_its_end:
        return f"a forked child came to a standstill{place}"
    end = decode_status(status)
    if end.code == _NOT_ALONE:
        return "a forked child has threads from its first moment on"
    return "" if end.clean else f"a forked child died at once with {end}"


def _live(openmp: Sequence[str]) -> None:
    """Be the child."""
    if len(linux.threads()) > 1:
        os._exit(_NOT_ALONE)
    # A function of C that does nothing with a null pointer, for every thread of the region to call.
    nothing = ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p)
    for path in openmp:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(path).GOMP_parallel(nothing, None, 2, 0)
    os._exit(0)


def _end(pid: int, faults_fd: int) -> str:
    """End a child that stands still; return where it does, as ` at file:line`."""
    process.send_signal(pid, process.stack_dump_signal())
    clock.pause(_DUMP)
    process.send_signal(pid, signal.SIGKILL)
    frame = _FRAME.search(read_text(faults_fd))
    faults.empty(faults_fd)
    return f" at {frame[1]}:{frame[2]}" if frame else ""

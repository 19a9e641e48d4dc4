"""Ending everything below a process."""

from __future__ import annotations

import os
import signal
from collections.abc import Container

from pytest_bulkhead.system import clock, linux, process


def end_descendants(limit: float, spare: Container[int] = ()) -> None:
    """Kill all descendants, orphans that we adopted included, and reap our children.

    Args:
        limit: seconds after which what is left (in a disk that hangs) is left to itself.
        spare: pids that are not touched, nor what is below them.
    """
    deadline = clock.monotonic() + limit
    while clock.monotonic() < deadline:
        _reap_dead(spare)
        remaining = [pid for pid in linux.children_of(os.getpid()) if pid not in spare]
        if not remaining:
            return
        for pid in remaining:
            for below in (*linux.descendants_of(pid), pid):
                process.send_signal(below, signal.SIGKILL)
        clock.pause(0.002)


def _reap_dead(spare: Container[int]) -> None:
    for pid in linux.children_of(os.getpid()):
        if pid not in spare:
            process.reap_status(pid, with_group=False)

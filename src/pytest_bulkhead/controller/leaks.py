"""Processes that are left when all of the run's own have ended: daemons that tests forked twice."""

from __future__ import annotations

import os
from collections.abc import Iterator

from pytest_bulkhead.controller.bridge import Bridge, Leak
from pytest_bulkhead.system import linux


def find_leaks(bridge: Bridge) -> Iterator[Leak]:
    """Yield what is still alive below the keeper, with the tests that come into question.

    A daemon has nothing in common with who started it but the time at which it was started; with
    one worker that names one test.
    """
    for pid in linux.descendants_of(bridge.keep.pid):
        command = linux.command_of(pid)
        if command and pid != os.getpid():
            yield Leak(pid, command, tuple(running_at(bridge, linux.start_of(pid))))


def running_at(bridge: Bridge, instant: float) -> Iterator[str]:
    """Yield the tests that were running at an instant of the monotonic clock.

    The kernel rounds the start of a process down to a tick, a hundredth of a second; of tests that
    are shorter than that, several come into question.
    """
    latest = instant + 1.0 / os.sysconf("SC_CLK_TCK")
    for item in bridge.run.items:
        begun = bridge.begun[item.index]
        if begun and begun <= latest and instant <= begun + bridge.durations[item.index]:
            yield item.nodeid

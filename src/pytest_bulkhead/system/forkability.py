"""Gathers the facts by which a process may be forked or not, and quiets what can be quieted."""

from __future__ import annotations

import contextlib
import ctypes
import os
import sys
import threading
from collections.abc import Collection

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.start.proof import Facts, why_not_fork
from pytest_bulkhead.system import clock, linux, process
from pytest_bulkhead.system.accelerators import accelerators_in_use
from pytest_bulkhead.system.canary import LIMIT, why_children_die
from pytest_bulkhead.system.environ import first_read_of
from pytest_bulkhead.system.grpc_core import threads_of_grpc
from pytest_bulkhead.system.libraries import OPENMP, loaded_libraries, named
from pytest_bulkhead.system.loops import unfinished_tasks
from pytest_bulkhead.system.orphans import is_of_python
from pytest_bulkhead.system.sockets import shared_connections
from pytest_bulkhead.system.threads import native_threads, python_threads

#: Seconds in which a joined thread leaves /proc/self/task: the kernel does that after the join.
_THREAD_EXIT = 0.05

_OMP_PAUSE_HARD = 2


def why_not_forked(workers: int, renewed: Collection[int], faults_fd: int) -> str:
    """Return why this process may not be forked, empty when that is proven to be safe.

    Args:
        workers: how many workers there may be at once.
        renewed: descriptors of connections that each worker makes anew.
        faults_fd: where the stacks of this process go when it is asked for them.
    """
    why = why_not_fork(gather_facts(renewed), workers)
    return why or why_children_die(named(loaded_libraries(), OPENMP), faults_fd)


def gather_facts(renewed: Collection[int] = ()) -> Facts:
    """Look at this process, after its thread pools were asked to go.

    Args:
        renewed: descriptors of connections that each worker makes anew.
    """
    _quiet_pools()
    native = native_threads()
    debuggers = (name for name in ("pydevd", "debugpy") if name in sys.modules)
    return Facts(
        platform=Known(sys.platform, "sys.platform"),
        debugger=Known(next(debuggers, ""), "sys.modules"),
        accelerators=accelerators_in_use(),
        grpc=_grpc_among(native),
        python_threads=python_threads(),
        native_threads=native,
        id_read_at=first_read_of("PYTEST_XDIST_WORKER"),
        sockets=shared_connections(renewed),
        children=_children(),
        tasks=unfinished_tasks(),
    )


def _grpc_among(native: Fact[tuple[str, ...]]) -> Fact[tuple[str, ...]]:
    if isinstance(native, Unknown):
        return native
    return Known(threads_of_grpc(native.value), native.source)


def _children() -> Fact[tuple[str, ...]]:
    if not process.has_children():
        return Known((), "waitid")
    pids = linux.children_of(process.own_pid())
    if not pids:
        return Unknown("there are child processes, and this system does not list them")
    commands = filter(None, map(linux.command_of, pids))
    return Known(tuple(c for c in commands if not is_of_python(c)), "/proc/self/task/*/children")


def _quiet_pools() -> None:
    """Have the pools of threads end that can be made to; whoever uses one again makes it again."""
    with contextlib.suppress(OSError):  # they cannot be counted
        if _is_alone():
            return
        pause_openmp()
        if _becomes_alone() or threading.active_count() > 1:
            return
        # What gRPC's handlers would stop at a fork they start again after it.
        if not threads_of_grpc(linux.threads().values()):
            _probe_fork()
            _becomes_alone()


def _is_alone() -> bool:
    return len(linux.threads()) == 1


def _becomes_alone() -> bool:
    deadline = clock.monotonic() + _THREAD_EXIT
    while not _is_alone():
        if clock.monotonic() > deadline:
            return False
        clock.pause(0.002)
    return True


def _probe_fork() -> None:
    """Fork a child that leaves at once: OpenBLAS ends its pool in its own atfork handler.

    Counting before it would refuse every process that imported numpy.
    """
    pid = process.bare_fork()
    if pid == 0:
        os._exit(0)
    process.wait_end(pid, LIMIT)  # others have such handlers too, and theirs may wait for ever


def pause_openmp() -> None:
    """Ask every OpenMP runtime of this process to end its pool; it is made again on use.

    Without it a forked child waits for threads that it does not have (measured: torch, libgomp).
    """
    for path in named(loaded_libraries(), OPENMP):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(path).omp_pause_resource_all(_OMP_PAUSE_HARD)

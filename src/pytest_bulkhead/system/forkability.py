"""Gathers the facts by which a process may be forked or not, and quiets what can be quieted."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import sys
import threading
import warnings
from collections.abc import Collection, Iterator
from pathlib import Path

from pytest_bulkhead.core.proof import Facts, why_not_fork
from pytest_bulkhead.system import clock, linux
from pytest_bulkhead.system.canary import why_children_die
from pytest_bulkhead.system.environ import first_read_of
from pytest_bulkhead.system.orphans import is_of_python
from pytest_bulkhead.system.sockets import shared_connections
from pytest_bulkhead.system.threads import python_threads

#: Seconds in which a joined thread leaves /proc/self/task: the kernel does that after the join.
_THREAD_EXIT = 0.05

#: CUDA_ERROR_NOT_INITIALIZED of the driver API: what every call answers before cuInit.
_CUDA_NOT_INITIALIZED = 3

_OMP_PAUSE_HARD = 2
_OPENMP = r"lib(?:gomp|omp|iomp)"

#: Drivers that cannot be asked whether they are in use without bringing them into use.
_SILENT = {"ROCm": r"libamdhip64\.so", "XPU": r"libze_(?:loader|intel_gpu)\.so"}


def why_not_forked(workers: int, renewed: Collection[int], faults_fd: int) -> str:
    """Return why this process may not be forked, empty when that is proven to be safe.

    Args:
        workers: how many workers there may be at once.
        renewed: descriptors of connections that each worker makes anew.
        faults_fd: where the stacks of this process go when it is asked for them.
    """
    why = why_not_fork(gather_facts(workers, renewed))
    return why or why_children_die(_mapped_libraries(_OPENMP), faults_fd)


def gather_facts(workers: int, renewed: Collection[int] = ()) -> Facts:
    """Look at this process, after its thread pools were asked to go.

    Args:
        workers: how many workers there may be at once.
        renewed: descriptors of connections that each worker makes anew.
    """
    return Facts(
        platform=sys.platform,
        threads=tuple(_threads_after_quieting()) if linux.ON_LINUX else (),
        python_threads=tuple(python_threads()),
        accelerator=_accelerator(),
        id_read_at=first_read_of("PYTEST_XDIST_WORKER"),
        workers=workers,
        debugger=next((name for name in ("pydevd", "debugpy") if name in sys.modules), ""),
        sockets=tuple(shared_connections(renewed)),
        children=tuple(_children()),
    )


def _children() -> Iterator[str]:
    for pid in linux.children_of(os.getpid()):
        command = linux.command_of(pid)
        if command and not is_of_python(command):
            yield command


def _threads_after_quieting() -> list[str]:
    names = linux.thread_names()
    if len(names) > 1:
        pause_openmp()
        names = _settled_threads()
    if len(names) > 1 and threading.active_count() == 1:
        _probe_fork()
        names = _settled_threads()
    return names


def _settled_threads() -> list[str]:
    deadline = clock.monotonic() + _THREAD_EXIT
    names = linux.thread_names()
    while len(names) > 1 and clock.monotonic() < deadline:
        clock.pause(0.002)
        names = linux.thread_names()
    return names


def _probe_fork() -> None:
    """Fork a child that leaves at once: OpenBLAS ends its pool in its own atfork handler.

    Counting before it would refuse every process that imported numpy.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)


def _mapped_libraries(pattern: str) -> list[str]:
    try:
        maps = Path("/proc/self/maps").read_text()
    except OSError:
        return []
    return sorted(set(re.findall(rf"(/\S*/{pattern}\S*)", maps)))


def pause_openmp() -> None:
    """Ask every OpenMP runtime of this process to end its pool; it is made again on use.

    Without it a forked child waits for threads that it does not have (measured: torch, libgomp).
    """
    for path in _mapped_libraries(_OPENMP):
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(path).omp_pause_resource_all(_OMP_PAUSE_HARD)


def _accelerator() -> str:
    """Ask CUDA's driver, if it is loaded, whether this process initialised it.

    Not torch.cuda.is_initialized(): it knows nothing of other libraries (vllm #44252).
    """
    for path in _mapped_libraries(r"libcuda\.so"):
        with contextlib.suppress(OSError, AttributeError):
            count = ctypes.c_int()
            if ctypes.CDLL(path).cuDeviceGetCount(ctypes.byref(count)) != _CUDA_NOT_INITIALIZED:
                return "CUDA is initialised in this process"
    for name, pattern in _SILENT.items():
        if found := _mapped_libraries(pattern):
            # What is unknown counts as unsafe.
            return f"{name} is loaded, and cannot be asked whether it is in use ({found[0]})"
    return ""

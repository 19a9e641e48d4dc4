"""Python stacks at a crash, at a signal, and nowhere else."""

from __future__ import annotations

import contextlib
import faulthandler
import os

from pytest_bulkhead.system.process import stack_dump_signal


def empty(fd: int) -> None:
    """Throw away what was written to a descriptor."""
    with contextlib.suppress(OSError):
        os.ftruncate(fd, 0)
        os.lseek(fd, 0, os.SEEK_SET)


#: Where stacks are written, once they are.
_latest: list[int] = []


def write_faults_to(fd: int) -> None:
    """Write the stacks of all threads to a descriptor when the process crashes or is asked.

    The handler is C and needs no GIL, so it works in a loop of C code that holds it.
    """
    _latest[:] = [fd]
    with contextlib.suppress(OSError, ValueError, RuntimeError):
        faulthandler.enable(file=fd, all_threads=True)
        faulthandler.register(stack_dump_signal(), file=fd, all_threads=True, chain=False)


def write_faults_again() -> None:
    """Write stacks where they were written last, after a test has turned that off."""
    for fd in _latest:
        write_faults_to(fd)

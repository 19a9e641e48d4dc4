"""Running a debugger: for so many seconds, and with nothing of it or of what it ran left behind."""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.doctor.checkup import DEBUGGERS
from pytest_bulkhead.system import files, linux, process
from pytest_bulkhead.system.scuttle import end_descendants

#: Seconds after which what a debugger has left is left to itself.
_SCUTTLE_LIMIT = 1.0

#: What would change how a program under a debugger runs, or what that waits for.
_UNSET = ("PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "DEBUGINFOD_URLS")


class Said(NamedTuple):
    """What a debugger said until it ended, or was ended."""

    text: str
    #: It took longer than it may.
    late: bool


def installed() -> dict[str, str]:
    """Return {debugger: its path}, of those in PATH or beside this interpreter."""
    path = os.pathsep.join([os.environ.get("PATH", ""), os.path.dirname(sys.executable)])
    found = {name: shutil.which(name, path=path) for name in DEBUGGERS}
    return {name: where for name, where in found.items() if where}


def run(argv: Sequence[str], limit: float, folder: str | None = None) -> Said:
    """Run a debugger to its end, and end what it has left: every child that we have got meanwhile.

    Args:
        argv: its command line.
        limit: the seconds that it may take.
        folder: where it runs; None for here.

    Raises:
        OSError: it cannot be started.
    """
    ours = linux.children_of(os.getpid())
    out = files.output_file()
    try:
        debugger = _start(argv, folder, out)
        try:
            late = not process.ends_within(debugger.pid, limit)
            return Said(files.read_text(out), late)
        finally:
            process.kill_group(debugger.pid)
            process.wait_end(debugger.pid, 0)
            debugger.returncode = 0  # it is reaped
            end_descendants(_SCUTTLE_LIMIT, ours)
    finally:
        os.close(out)


def _start(argv: Sequence[str], folder: str | None, out: int) -> subprocess.Popen[bytes]:
    linux.libc()  # looked for here, and not between the fork and the exec
    return subprocess.Popen(
        argv, cwd=folder, env=_environ(os.environ), stdin=subprocess.DEVNULL, stdout=out,
        stderr=subprocess.STDOUT, start_new_session=True,
        # What gdb has started the kernel ends with it (PTRACE_O_EXITKILL).
        preexec_fn=functools.partial(linux.die_with_parent, os.getpid()),  # noqa: PLW1509 - see above
    )  # fmt: skip


def _environ(environ: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in environ.items() if name not in _UNSET}

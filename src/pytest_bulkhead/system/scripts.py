"""A script that runs as users run it: an interpreter of its own, in the folder of the script.

Nothing of it is left: it leads a process group, which is ended before its leader is reaped. Its
output goes to files (`files` says why), and at its end it may say where it was.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from pytest_bulkhead.core.ends import End, decode_status
from pytest_bulkhead.system import files, process

#: Seconds in which it writes its stacks.
_DUMP = 0.5


class Ran(NamedTuple):
    """A script that has run."""

    end: End
    #: It was ended, for it took longer than it may.
    late: bool
    out: str
    err: str


def run_script(path: Path, limit: float) -> Ran:
    """Run a script to its end.

    Args:
        path: of the script, absolute.
        limit: the seconds that it may take.
    """
    out, err = files.output_file(), files.output_file()
    try:
        script = subprocess.Popen(
            [sys.executable, str(path)],
            cwd=path.parent,
            env=_environ(),
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        end, late = _await(script, limit)
        return Ran(end, late, files.read_text(out), files.read_text(err))
    finally:
        os.close(out)
        os.close(err)


def _environ() -> dict[str, str]:
    """Return what a script finds: that a test runs is not its business."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
    return {"PYTHONFAULTHANDLER": "1", **kept}


def _await(script: subprocess.Popen[bytes], limit: float) -> tuple[End, bool]:
    """Return how it ended, and whether it had to be ended; whatever interrupts us ends it too."""
    late = True
    try:
        late = not process.ends_within(script.pid, limit)
        if late and process.send_signal(script.pid, signal.SIGABRT):  # faulthandler's
            process.ends_within(script.pid, _DUMP)
    finally:
        process.kill_group(script.pid)
        status = process.wait_end(script.pid, 0)
        end = End() if status is None else decode_status(status)
        script.returncode = status  # it is reaped, and asks for nothing but that
    return end, late

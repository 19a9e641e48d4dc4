"""Asks a process of its own why it may not be forked."""

from __future__ import annotations

import subprocess
import sys

CODE = """
{before}

def why():
    from pytest_bulkhead.core.start.proof import why_not_fork
    from pytest_bulkhead.system.forkability import gather_facts
    print(why_not_fork(gather_facts(), {workers}))

{how}
"""


def ask(before: str, *, workers: int = 1, how: str = "why()") -> str:
    """Return why a process that ran this code before may not be forked, empty when it may.

    Args:
        before: the code.
        workers: how many of its forks there may be at once.
        how: code that calls `why()`.
    """
    code = CODE.format(before=before, workers=workers, how=how)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()

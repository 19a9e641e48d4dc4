"""Specification of `system.forkability` and `system.environ`, in processes of their own."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_bulkhead.system import linux

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="forking is proven on Linux only")

ASK = """
from pytest_bulkhead.core.proof import why_not_fork
from pytest_bulkhead.system.forkability import gather_facts
print(why_not_fork(gather_facts({workers})))
"""


def _ask(before: str, workers: int = 1) -> str:
    code = before + ASK.format(workers=workers)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_a_plain_process_may_be_forked():
    """One thread, no accelerator, nobody read the worker's id: nothing speaks against it."""
    assert _ask("") == ""


def test_a_python_thread_is_named():
    """A thread that Python started is named with its name."""
    before = (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(9,), name='poller', daemon=True).start()\n"
    )

    assert _ask(before) == "1 thread(s) beside the main one: poller (Python)"


def test_a_native_thread_is_found():
    """A thread that Python knows nothing of counts as well: it is the dangerous kind."""
    before = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None)\n"
        "thread = ctypes.c_ulong()\n"
        "assert libc.pthread_create(ctypes.byref(thread), None, libc.pause, None) == 0\n"
    )

    assert _ask(before).startswith("1 thread(s) beside the main one")


def test_numpy_alone_is_no_obstacle():
    """OpenBLAS ends its pool at the probe fork, so importing numpy does not cost the fork."""
    pytest.importorskip("numpy")

    assert _ask("import numpy; numpy.ones((200, 200)) @ numpy.ones((200, 200))\n") == ""


def test_the_workers_id_read_at_import_is_found(tmp_path):
    """A module of the user that reads the worker's id at import rules forking out, under -n."""
    (tmp_path / "early.py").write_text("import os\nos.environ.get('PYTEST_XDIST_WORKER')\n")
    before = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pytest_bulkhead.system.environ import watch_reads\n"
        "watch_reads('PYTEST_XDIST_WORKER')\nimport early\n"
    )

    assert "early.py was imported" in _ask(before, workers=2)
    assert _ask(before, workers=1) == ""

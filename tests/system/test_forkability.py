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


def test_the_import_that_started_a_thread_is_named(tmp_path):
    """A thread that a module starts while it is imported is found at that line."""
    text = "import threading, time\n\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    (tmp_path / "busy.py").write_text(text)
    before = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pytest_bulkhead.system.threads import watch_starts\nwatch_starts()\nimport busy\n"
    )

    assert _ask(before).endswith("busy.py:3)")


CONNECTED = """
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
served = server.accept()
server.close()
"""


@pytest.mark.parametrize(
    ("before", "told"),
    [
        ("s = socket.create_server(('127.0.0.1', 0))", "a socket that listens on 127.0.0.1:"),
        (CONNECTED, "a socket that is connected to 127.0.0.1:"),
        ("s = socket.socketpair()", ""),
        ("s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)", ""),
        ("s = socket.socket()", ""),
    ],
)
def test_connections_are_found(before, told):
    """Who listens or is connected may not be forked; a pair and an idle socket are harmless."""
    found = _ask(f"import socket\n{before}\n")

    assert found.startswith(told) if told else not found


def test_sockets_that_were_inherited_are_none_of_ours():
    """What whoever started us left open has nothing to do with the tests."""
    before = (
        "import socket; s = socket.create_server(('127.0.0.1', 0))\n"
        "from pytest_bulkhead.system.sockets import note_inherited\nnote_inherited()\n"
    )

    assert not _ask(before)


def test_a_child_process_is_found():
    """A child can be waited for by its own parent only."""
    before = "import subprocess; child = subprocess.Popen(['sleep', '5'])\n"

    assert _ask(before) == "a child process is waited for here alone: sleep 5"


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

    assert "early.py:2" in _ask(before, workers=2)
    assert _ask(before, workers=1) == ""


CANARY = """
import tempfile
from pytest_bulkhead.system import faults
from pytest_bulkhead.system.forkability import why_not_forked
file = tempfile.TemporaryFile()
faults.write_faults_to(file.fileno())
print(why_not_forked(1, (), file.fileno()))
"""


def _canary(before: str, module: str, tmp_path) -> str:
    (tmp_path / "culprit.py").write_text(module)
    code = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\nimport culprit\n{before}" + CANARY
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True
    )
    return done.stdout.strip()


def test_a_fork_that_stands_still_is_found_and_its_import_named(tmp_path):
    """An atfork handler that waits for what only the parent has: none of the facts shows it."""
    module = (
        "import os, time\n\n\ndef wait():\n    time.sleep(60)\n\n\n"
        "os.register_at_fork(after_in_child=wait)\n"
    )
    assert _canary("", module, tmp_path).endswith("culprit.py:5")


def test_a_fork_that_dies_is_found(tmp_path):
    """A crash in the first moment of every child."""
    module = "import ctypes, os\nos.register_at_fork(after_in_child=lambda: ctypes.string_at(0))\n"
    assert _canary("", module, tmp_path) == "a forked child died at once with SIGSEGV"


def test_a_fork_that_starts_a_thread_is_found(tmp_path):
    """A handler that restarts a background thread in each child, as some monitors do."""
    module = (
        "import os, threading, time\n"
        "def again(): threading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
        "os.register_at_fork(after_in_child=again)\n"
    )
    assert _canary("", module, tmp_path) == "a forked child has threads from its first moment on"


def test_a_healthy_fork_passes(tmp_path):
    """Nothing is said of a child that lived."""
    assert _canary("", "", tmp_path) == ""

"""Specification of `system.forkability` and `system.environ`, in processes of their own."""

from __future__ import annotations

import ctypes.util
import subprocess
import sys
from pathlib import Path

import pytest
from asking import ask

from pytest_bulkhead.system import linux

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="forking is proven on Linux only")


def test_a_plain_process_may_be_forked():
    """One thread, no accelerator, nobody read the worker's id: nothing speaks against it."""
    assert ask("") == ""


def test_a_python_thread_is_named():
    """A thread that Python started is named with its name."""
    before = (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(9,), name='poller', daemon=True).start()\n"
    )

    assert ask(before) == "1 thread(s) beside the main one: poller (Python)"


NATIVE = """
import ctypes
libc = ctypes.CDLL(None)
thread = ctypes.c_ulong()
assert libc.pthread_create(ctypes.byref(thread), None, libc.pause, None) == 0
"""
#: A thread has the name of the one that started it until it takes another; 15 letters are kept.
INHERITED = Path(sys.executable).name[:15]


def test_a_native_thread_is_found():
    """A thread that Python knows nothing of counts as well: it is the dangerous kind."""
    assert ask(NATIVE) == f"1 thread(s) beside the main one: {INHERITED}"


def test_native_threads_are_told_from_those_of_python():
    """Each is named once, whichever came first."""
    before = NATIVE + (
        "import threading, time\n"
        "threading.Thread(target=time.sleep, args=(9,), name='poller', daemon=True).start()\n"
    )

    assert ask(before) == f"2 thread(s) beside the main one: poller (Python), {INHERITED}"


def test_the_import_that_started_a_thread_is_named(tmp_path):
    """A thread that a module starts while it is imported is found at that line."""
    text = "import threading, time\n\nthreading.Thread(target=time.sleep, args=(9,), daemon=True).start()\n"
    (tmp_path / "busy.py").write_text(text)
    before = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pytest_bulkhead.system.threads import watch_starts\nwatch_starts()\nimport busy\n"
    )

    assert ask(before).endswith("busy.py:3)")


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
    found = ask(f"import socket\n{before}\n")

    assert found.startswith(told) if told else not found


def test_sockets_that_were_inherited_are_none_of_ours():
    """What whoever started us left open has nothing to do with the tests."""
    before = (
        "import socket; s = socket.create_server(('127.0.0.1', 0))\n"
        "from pytest_bulkhead.system.sockets import note_inherited\nnote_inherited()\n"
    )

    assert not ask(before)


def test_a_child_process_is_found():
    """A child can be waited for by its own parent only."""
    before = "import subprocess; child = subprocess.Popen(['sleep', '5'])\n"

    assert ask(before) == "a child process is waited for here alone: sleep 5"


POOL = """
import ctypes, os
gomp = ctypes.CDLL({path!r})
gomp.GOMP_parallel(ctypes.cast(ctypes.CDLL(None).free, ctypes.c_void_p), None, 3, 0)
assert len(os.listdir("/proc/self/task")) == 3
"""


@pytest.mark.skipif(not ctypes.util.find_library("gomp"), reason="libgomp is not there")
def test_a_pool_of_openmp_is_asked_to_go():
    """Its threads end when they are told to, and come back when they are used again."""
    assert ask(POOL.format(path=ctypes.util.find_library("gomp"))) == ""


def test_a_fork_handler_that_waits_does_not_hold_up_the_proof():
    """Pools that end at a fork are found out by one, whose child may never come back."""
    before = (
        NATIVE + "import os, time; os.register_at_fork(after_in_child=lambda: time.sleep(60))\n"
    )

    assert ask(before).startswith("1 thread(s) beside the main one")


def test_the_workers_id_read_at_import_is_found(tmp_path):
    """A module of the user that reads the worker's id at import rules forking out, under -n."""
    (tmp_path / "early.py").write_text("import os\nos.environ.get('PYTEST_XDIST_WORKER')\n")
    before = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
        "from pytest_bulkhead.system.environ import watch_reads\n"
        "watch_reads('PYTEST_XDIST_WORKER')\nimport early\n"
    )

    assert "early.py:2" in ask(before, workers=2)
    assert ask(before, workers=1) == ""


def test_a_read_that_nobody_could_see_is_not_taken_for_none():
    """Where reads are not watched, nobody knows of any, and several workers are spawned."""
    assert "nobody has seen whether PYTEST_XDIST_WORKER was read" in ask("", workers=2)


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

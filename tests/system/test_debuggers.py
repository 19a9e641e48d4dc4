"""Specification of `system.debuggers` and `system.core_files`: nothing is left of what they run."""

from __future__ import annotations

import ctypes
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_bulkhead.core.known import Known, Unknown
from pytest_bulkhead.system import core_files, debuggers, linux

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="/proc is Linux's")


def test_what_it_said(tmp_path):
    """Both streams, from the folder that was asked for, and without pytest's own variables."""
    text = "import os, sys; print(os.getcwd()); print(*os.environ, file=sys.stderr)"
    said = debuggers.run([sys.executable, "-c", text], 20.0, str(tmp_path))
    assert str(tmp_path) in said.text
    assert "PATH" in said.text
    assert "PYTEST_CURRENT_TEST" in os.environ
    assert "PYTEST_CURRENT_TEST" not in said.text
    assert not said.late


@pytest.fixture
def adopts():
    """Adopt orphans as long as the test runs; other tests wait for children of their own only."""
    linux.adopt_orphans()
    yield
    ctypes.CDLL(None).prctl(linux._PR_SET_CHILD_SUBREAPER, 0)


def test_what_takes_too_long_is_ended_with_what_it_started(adopts):
    """Also what left its process group; children that we had before are left alone."""
    ours = subprocess.Popen(["sleep", "600"])
    try:
        text = (
            "import os, subprocess, time; "
            "print(subprocess.Popen(['sleep', '600'], start_new_session=True).pid, flush=True); "
            "time.sleep(600)"
        )
        said = debuggers.run([sys.executable, "-c", text], 1.0)
        assert said.late
        assert not Path(f"/proc/{said.text.strip()}").exists()
        assert ours.poll() is None
    finally:
        ours.kill()
        ours.wait()


def test_what_is_not_there():
    """It cannot be started, which is said; the debuggers that are there have a path."""
    with pytest.raises(OSError, match="No such file"):
        debuggers.run(["/no/such/debugger"], 1.0)
    assert all(os.access(path, os.X_OK) for path in debuggers.installed().values())


@pytest.fixture
def cores_allowed():
    """Let children write core files."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    if before[1] == 0:
        pytest.skip("core files are not allowed here")
    core_files.raise_limit()
    yield
    resource.setrlimit(resource.RLIMIT_CORE, before)


def test_the_core_file_of_a_dead_process(cores_allowed, tmp_path):
    """The kernel's own, of this death and no earlier one; or why it cannot be had."""
    since = time.time() - 1
    dead = subprocess.Popen(["sleep", "600"], cwd=tmp_path)
    dead.send_signal(signal.SIGABRT)
    dead.wait()
    found = core_files.find_core(dead.pid, str(tmp_path), since)
    if isinstance(found, Unknown):
        pattern = Path("/proc/sys/kernel/core_pattern").read_text()
        assert pattern.startswith("|") or "no core file is at" in found.reason
        return
    assert isinstance(found, Known)
    assert Path(found.value).read_bytes().startswith(b"\x7fELF")
    later = core_files.find_core(dead.pid, str(tmp_path), time.time() + 1)
    assert isinstance(later, Unknown)
    Path(found.value).unlink()


def test_no_core_files_by_limit():
    """A limit of 0 is the reason, whatever the kernel's pattern is."""
    before = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, before[1]))
    try:
        found = core_files.find_core(1, "/", 0.0)
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, before)
    assert found == Unknown("no core files are written here (`ulimit -c` is 0)")

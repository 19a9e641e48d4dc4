"""A test that fails at a GPU for what somebody else does is told who that is.

NVML, CUDA's driver and torch are stand-ins; the processes are real.
"""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import DRIVERS, read_junit, shown

from pytest_bulkhead.system import linux

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="processes are told apart by /proc")

BUSY = """
import torch
def test_busy(): torch.empty(1, dtype=torch.uint8, device="cuda")
def test_other(): assert 0
"""
FORKS = """
import multiprocessing, torch
def test_forks():
    torch.cuda.init()
    child = multiprocessing.get_context("fork").Process(target=torch.cuda.init)
    child.start()
    child.join()
    assert child.exitcode == 0
"""
NOTE = """
import os, pathlib
def note(pid, how=""):
    pathlib.Path(os.environ["CARDS"] + ".use", f"GPU-a.{pid}").write_text(f"5 {how}")
def pytest_configure(config):
    if not hasattr(config, "workerinput"): note(os.getpid())
def pytest_runtest_logreport(report):
    if report.failed and hasattr(report, "worker_id"): pathlib.Path("told").touch()
"""
HOLDS = """
import os, pathlib, time
from conftest import note
def test_holds():
    note(os.getpid())
    pathlib.Path("held").touch()
    while not pathlib.Path("told").exists(): time.sleep(0.02)
"""
ALL_HOLD = """
import os, pathlib, subprocess, time, torch
from conftest import note
if not pathlib.Path("collected").exists():
    pathlib.Path("collected").touch()
    note(os.getpid())
def test_busy():
    note(subprocess.Popen(["sleep", "60"]).pid)
    note(int(subprocess.check_output(["sh", "-c", "sleep 61 > /dev/null & echo $!"])))
    note(2**22 + 1, "never")
    while not pathlib.Path("held").exists(): time.sleep(0.02)
    torch.cuda.synchronize()
"""
WAITS = "__import__('sys').stdin.read()"
ASKED = """
import torch
HAS_GPU = torch.cuda.is_available()
def test_asks(): torch.cuda.init()
"""


@pytest.fixture
def go(files, run, torch_with_cuda):
    """Return a function that runs tests where one card lets one process in at a time."""

    def go(texts, *args, **environ):
        files({**texts, "cards": f"GPU-a {24 * 10**9} alone\n"})
        (run.path / "cards.use").mkdir(exist_ok=True)
        environ |= {"PYTHONPATH": f"{torch_with_cuda}:{DRIVERS}", "CARDS": f"{run.path}/cards"}
        return run("-p", "no:randomly", "--junitxml=junit.xml", *args, **environ)

    return go


@pytest.fixture
def stranger(run):
    """A process of nobody's that holds the card."""
    with subprocess.Popen([sys.executable, "-c", WAITS], stdin=subprocess.PIPE) as process:

        def hold():
            (run.path / "cards.use").mkdir(exist_ok=True)
            (run.path / "cards.use" / f"GPU-a.{process.pid}").write_text("500")
            return process.pid

        yield hold
        process.stdin.close()


@pytest.mark.parametrize(
    "how", [("--isolate=session",), ("--isolate=function",), ("--isolate=session", "-oisolate_start=spawn")]
)  # fmt: skip
def test_who_was_in_the_way_is_told(how, go, stranger, run):
    """In the terminal and in JUnit, from forked, staged and spawned workers, and in no other failure."""
    pid = stranger()
    finished = go({"test_a.py": BUSY, "test_b.py": FORKS}, *how)

    assert finished.counts == {"failed": 3}, shown(finished)
    junit = {name: end[0][2] for name, end in read_junit(run.path / "junit.xml").items()}
    assert "isolate: GPU" not in junit["test_other"]
    assert finished.out.count("isolate: GPU") == 2
    told = "in exclusive mode, for one process at a time: GPU-a\n"
    told += f"GPU-a is held by pid {pid} ({sys.executable} -c {WAITS}), none of this run\n"
    own = "CUDA is in use in this test's process, and was when that forked a child"
    for text, end in ((told, "test_busy"), (own, "test_forks")):
        assert text in junit[end], shown(finished)
        assert text in finished.out


def test_processes_of_the_run_are_told_apart(go):
    """Pytest's own, the template, another test, the test's children, what it left, and who is not there."""
    finished = go({"conftest.py": NOTE, "test_a.py": HOLDS, "test_b.py": ALL_HOLD}, "--isolate=module", "-n2")  # fmt: skip

    assert finished.tests == {"passed": 1, "failed": 1}, shown(finished)
    held = re.findall(r"^GPU-a is held by pid \d+(?: \((.+)\))?, (.+)$", finished.out, re.M)
    assert sorted(whose for _command, whose in held) == [
        "ended, or of another container",
        "left running by a test of this run",
        "pytest's own process, which runs no test",
        "the process of another test: test_a.py::test_holds",
        "the template, which runs no test",
        "this test's own process or a child of it",
    ], shown(finished)
    assert {command for command, _whose in held} > {"", "sleep 60", "sleep 61"}


def test_who_asked_in_the_template_is_named(go):
    """Where there was no device to be found, torch refuses to look again in a fork."""
    finished = go({"test_a.py": ASKED}, "--isolate=session", CUDA_VISIBLE_DEVICES="")

    assert finished.counts == {"failed": 1}, shown(finished)
    told = (
        r"test_a\.py:3 called torch\.cuda\.is_available\(\), before this test's process was forked"
    )
    assert re.search(told, finished.out), shown(finished)

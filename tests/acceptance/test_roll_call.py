"""SIGUSR1 has pytest tell which tests run, for how long and where, without ending any."""

from __future__ import annotations

import signal

import pytest
from conftest import shown, wait_for

LIB = """
import pathlib, time

def wait_here(name):
    pathlib.Path(f"{name}-waits").touch()
    while not pathlib.Path("go-on").exists():
        time.sleep(0.02)
"""

TESTS = {
    "test_own.py": """
import signal
from lib import wait_here

def test_own():
    "Has its own function for SIGUSR1, which nobody sends it."
    heard = []
    signal.signal(signal.SIGUSR1, lambda *_: heard.append(1))
    wait_here("own")
    assert not heard
""",
    "test_deaf.py": """
import signal
from lib import wait_here

def test_deaf():
    "Would die of being asked for its stacks."
    for number in range(signal.SIGRTMIN, signal.SIGRTMAX + 1):
        signal.signal(number, signal.SIG_DFL)
    wait_here("deaf")
""",
    "test_crash.py": """
import ctypes, pytest
from lib import wait_here

@pytest.fixture
def slow():
    wait_here("crash")

def test_crash(slow):
    ctypes.string_at(8)
""",
}


@pytest.mark.parametrize("level", ["module", "function"])
def test_who_runs_is_told(level, run, files):
    """Tests, ages, fixtures and stacks, also below a stage; nobody dies of it, and a crash report is as ever."""
    files({"lib.py": LIB, **TESTS})
    going = run.start(f"--isolate={level}", "-n3")
    assert wait_for(lambda: len(list(run.path.glob("*-waits"))) == 3), going.out()
    going.process.send_signal(signal.SIGUSR1)
    assert wait_for(lambda: "test_crash.py::test_crash for" in going.out()), going.out()
    assert wait_for(lambda: going.out().count("in wait_here") == 2), going.out()
    (run.path / "go-on").touch()
    finished = going.finish()

    assert finished.counts == {"passed": 2, "crashed": 1}, shown(finished)
    assert "isolate: 0 of 3 tests have ended, 3 at work:" in finished.out
    assert "s, in setup of fixture 'slow' (function scope)\n" in finished.out
    assert finished.out.count("no stacks: it does not listen to who asks for them") == 1
    assert "wait_here" not in finished.section("crashes")


def test_a_collection_that_takes_long(run, files):
    """The file that is imported, and where."""
    files({"lib.py": LIB, "test_slow.py": "import lib; lib.wait_here('slow')\ndef test_a(): pass"})
    going = run.start("--isolate=session")
    assert wait_for((run.path / "slow-waits").exists), going.out()
    going.process.send_signal(signal.SIGUSR1)
    assert wait_for(lambda: "in wait_here" in going.out()), going.out()
    (run.path / "go-on").touch()
    finished = going.finish()

    assert finished.counts == {"passed": 1}, shown(finished)
    assert "isolate: tests are collected, 1 at work:" in finished.out
    assert "): collects test_slow.py" in finished.out

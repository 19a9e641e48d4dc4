"""`bulkhead bisect NODEID` finds the tests before a test that make it crash or fail."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import PROGRAMS, wait_for
from planted import PLANTED

LIMIT = 120

CRASHES = """
import ctypes, faulthandler, pytest

STATE = {"pointer": None}

@pytest.mark.parametrize("n", range(6))
def test_harmless(n): pass

def test_culprit(): STATE["pointer"] = 8

class TestLater:
    def test_more(self): pass

    def test_victim(self):
        if STATE["pointer"]:
            ctypes.string_at(STATE["pointer"])
"""

FAILS = """
import os

def test_first(): os.environ["ONE"] = "1"
def test_between(): pass
def test_second(): os.environ["TWO"] = os.environ.get("ONE", "")
def test_crashes_itself(): pass
"""

LATE = """
import ctypes

STATE = []

def test_victim():
    for pointer in STATE: ctypes.string_at(pointer)

def test_between(): pass
def test_culprit(): STATE.append(8)
"""

VICTIM = """
import os, pytest

def test_victim(): assert not os.environ.get("TWO")

def test_broken(): assert 0

def test_seldom(tmp_path_factory):
    assert not os.environ.get("ONE") or os.getpid() % 3 == 0
"""


def bisect(path, *arguments, **more):
    command = [sys.executable, "-m", "pytest_bulkhead", "bisect", *arguments]
    return subprocess.run(
        command, cwd=path, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LIMIT,
        check=False, **more,
    )  # fmt: skip


def test_the_culprit_of_a_crash(run, files):
    """The pair, and the command that shows it again."""
    files({"test_a.py": CRASHES})
    done = bisect(run.path, "test_a.py::TestLater::test_victim")

    assert done.returncode == 0, done.stdout + done.stderr
    found = done.stdout.partition("\n\n")[2].splitlines()
    assert found == [
        "test_a.py::TestLater::test_victim crashed after these, and after no fewer of them:",
        "  test_a.py::test_culprit",
        (
            "run it again: pytest -n0 --isolate=session -p no:randomly "
            "test_a.py::test_culprit test_a.py::TestLater::test_victim"
        ),
        'keep them apart: @pytest.mark.isolate("function") on one of them',
    ]
    again = run(*found[2].partition("pytest ")[2].split())
    assert again.counts == {"passed": 1, "crashed": 1}


@pytest.mark.parametrize("planted", PLANTED, ids=[one.name for one in PLANTED])
def test_what_was_planted_is_found(planted, run):
    """The culprits of the model, all of them and nobody else, of crashes, hangs and failures."""
    shutil.copy(PROGRAMS / "order" / planted.file, run.path)
    victim = f"{planted.file}::{planted.victim}"
    done = bisect(run.path, victim, planted.file)

    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.partition("\n\n")[2].splitlines()[:-2] == [
        f"{victim} {planted.state} after these, and after no fewer of them:",
        *(f"  {planted.file}::{culprit}" for culprit in planted.culprits),
    ]


def test_model_knows_every_planted_suite():
    """A suite that nobody searches is a gap of the model."""
    here = {path.name for path in (PROGRAMS / "order").glob("test_*.py")}
    assert here == {one.file for one in PLANTED}


def test_several_that_are_needed_together(run, files):
    """Both, in their order, also of a failure; whatever order and number of workers the ini file wants."""
    files(
        {
            "t/test_a.py": FAILS,
            "t/test_b.py": VICTIM,
            "pytest.ini": "[pytest]\naddopts = -n2 -x\ntestpaths = t\n",
        }
    )
    done = bisect(run.path / "t", "t/test_b.py::test_victim", "test_a.py", "test_b.py")

    assert done.returncode == 0, done.stdout + done.stderr
    assert (
        "failed after these, and after no fewer of them:\n  t/test_a.py::test_first\n  t/test_a.py::test_second\n"
        in done.stdout
    )


def test_the_order_of_a_run_that_is_over(run, files):
    """The crash report names the journal, by which those are suspected that ran before it then."""
    shuffle = "def pytest_collection_modifyitems(items): items.reverse()"
    files({"test_a.py": LATE, "test_b.py": "def test_elsewhere(): pass", "plug.py": shuffle})
    crashed = run(
        "-p", "plug", "--isolate=module", "-n2", "--isolate-report=run.jsonl", PYTHONPATH="."
    )
    command = "bulkhead bisect test_a.py::test_victim --journal=run.jsonl"
    assert f"which of them it needs, if any: {command}\n" in crashed.out
    done = bisect(run.path, *command.split()[2:])

    assert "suspects: 2 tests ran before it in its process\n" in done.stdout
    assert (
        "crashed after these, and after no fewer of them:\n  test_a.py::test_culprit\n"
        in done.stdout
    )
    latest = bisect(run.path, "test_a.py::test_between", "--journal=.")
    assert "suspects: 1 test ran before it in its process\n" in latest.stdout, latest.stderr
    unknown = bisect(run.path, "test_a.py::no_such", "--journal=run.jsonl")
    assert "test_a.py::no_such: no such test was run, says run.jsonl" in unknown.stderr


@pytest.mark.parametrize(
    ("nodeid", "status", "word"),
    [
        ("test_b.py::test_broken", 1, "test_b.py::test_broken failed alone: no other test is needed for that"),
        ("test_a.py::test_between", 1, "passed after all 1 tests before it: nothing to search for"),
        ("test_b.py::no_such", 2, "error: test_b.py::no_such: no such test was collected"),
    ],
)  # fmt: skip
def test_where_there_is_nothing_to_find(nodeid, status, word, run, files):
    """It is said what was seen instead."""
    files({"test_a.py": FAILS, "test_b.py": VICTIM})
    done = bisect(run.path, nodeid)

    assert done.returncode == status, done.stdout + done.stderr
    assert word in done.stdout + done.stderr


def test_a_suite_that_cannot_be_collected(run, files):
    """What pytest said stands in the error."""
    files({"conftest.py": "raise RuntimeError('no way')"})
    done = bisect(run.path, "test_a.py::test_a")

    assert done.returncode == 2
    assert "error: the tests cannot be collected:" in done.stderr
    assert "no way" in done.stderr


def test_a_test_that_breaks_now_and_then(run, files):
    """Several runs of each part, and how likely it is to be wrong."""
    files({"test_a.py": FAILS, "test_b.py": VICTIM})
    done = bisect(run.path, "test_b.py::test_seldom", "--tries=4")

    assert done.returncode == 0, done.stdout + done.stderr
    assert "a part that makes it break is overlooked with a probability of " in done.stdout
    assert "  test_a.py::test_first\nrun it again" in done.stdout


@pytest.mark.parametrize("how", ["time", "interrupt"])
def test_what_was_found_so_far(how, run, files):
    """When the time is over, or the user has no more patience."""
    files(
        {
            "test_a.py": CRASHES.replace(
                "def test_more(self): pass", "def test_more(self): __import__('time').sleep(0.5)"
            )
        }
    )
    command = [
        sys.executable,
        "-m",
        "pytest_bulkhead",
        "bisect",
        "test_a.py::TestLater::test_victim",
    ]
    log = run.path / "log"
    with log.open("w") as out:
        process = subprocess.Popen(
            [*command, "--seconds=4"] if how == "time" else command,
            cwd=run.path,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        if how == "interrupt":
            assert wait_for(lambda: "run 3" in log.read_text())
            os.killpg(process.pid, signal.SIGINT)
        process.wait(LIMIT)

    assert process.returncode == 3, log.read_text()
    why = {"time": "time is over after", "interrupt": "interrupted after"}
    assert why[how] in log.read_text()
    assert "crashed after these " in log.read_text()
    assert "  test_a.py::test_culprit\n" in log.read_text()

"""Each crash gets its native stack, by the way that was asked for, and nothing is left of that."""

from __future__ import annotations

import resource
import shutil
import sys

import pytest
from conftest import PROGRAMS, read_journal, shown
from suites import SEGV

GUILTY = f"""
import os

def note(): open("ran.txt", "a").write(os.environ.get("PYTEST_XDIST_WORKER", "alone") + "\\n")

def test_before(): pass

def test_guilty():
    note()
    {SEGV}

def test_again():
    {SEGV}

def test_killed():
    os.kill(os.getpid(), 9)
"""

#: What is not to come into the way of the run's own: a report, and a plugin that the suite needs.
INI = "[pytest]\naddopts = --junitxml=junit.xml -p needed\n"
NEEDS = {
    "needed.py": "HERE = True\n",
    "conftest.py": "import sys\nassert 'needed' in sys.modules\n",
}


@pytest.fixture
def suite(run, files):
    """The suite, where core files may be as large as they like."""
    if sys.platform != "linux" or not shutil.which("gdb"):
        pytest.skip("gdb is not in PATH")
    files({"test_g.py": GUILTY, "pytest.ini": INI, **NEEDS})
    return run


def stacks(finished):
    """Return {test: its native stack}, of the terminal."""
    found = {}
    for name in ("test_guilty", "test_again", "test_killed"):
        _, title, text = finished.section(name).partition("isolate: native stack")
        if title:
            found[name] = text
    return found


def test_run_again_alone_in_gdb(suite, no_process_left):
    """Each crash of native code is run again once, alone, when the run is over; its frames are told."""
    finished = suite(
        "--isolate=session", "--isolate-native=gdb", "--isolate-report=run.jsonl",
        PYTHONPATH=str(suite.path),
    )  # fmt: skip
    told = stacks(finished)
    assert finished.counts == {"passed": 1, "crashed": 3}, shown(finished)
    assert set(told) == {"test_guilty", "test_again"}, shown(finished)
    assert "by gdb, of the test run again alone" in told["test_guilty"]
    assert "string_at" in told["test_guilty"]
    assert "PyEval" not in told["test_guilty"]
    assert (suite.path / "ran.txt").read_text() == "gw0\nalone\n"
    assert (suite.path / "junit.xml").read_text().count("<testcase") == 4, "the run's own"
    lines = [
        entry["evidence"] for entry in read_journal(suite.path / "run.jsonl") if "evidence" in entry
    ]
    assert [line["nodeid"] for line in lines if "native" in line] == [
        "test_g.py::test_guilty", "test_g.py::test_again",
    ]  # fmt: skip
    no_process_left(finished)


def test_what_the_native_stack_means(run, files, no_process_left):
    """What only that can tell is told with it, in the report and the journal; a null pointer is not it."""
    if sys.platform != "linux" or not shutil.which("gdb"):
        pytest.skip("gdb is not in PATH")
    shutil.copy(PROGRAMS / "diagnosis" / "test_unloaded.py", run.path)
    null = "import ctypes\ndef test_null(): ctypes.CFUNCTYPE(None)(8)()\n"
    files({"test_null.py": null, "pytest.ini": "[pytest]\n"})
    finished = run("--isolate=module", "--isolate-native=gdb", "--isolate-report=run.jsonl")

    guilty, null = finished.section("test_guilty"), finished.section("test_null")
    assert "possible: C code has called back a function" in guilty, shown(finished)
    assert "by gdb" in null, shown(finished)
    assert "called back" not in null
    noted = [entry.get("evidence", {}) for entry in read_journal(run.path / "run.jsonl")]
    late = {entry["nodeid"]: entry.get("diagnoses", []) for entry in noted if "native" in entry}
    assert [one["name"] for one in late["test_unloaded.py::test_guilty"]] == ["dead_callback"]
    assert late["test_null.py::test_null"] == []
    no_process_left(finished)


def test_of_a_core_file(suite):
    """The kernel's core file is read and removed, or why there is none is said."""
    if resource.getrlimit(resource.RLIMIT_CORE)[1] == 0:
        pytest.skip("core files are not allowed here")
    before = {path.name for path in suite.path.iterdir()}
    finished = suite("--isolate=session", "--isolate-native=core", PYTHONPATH=str(suite.path))
    told = stacks(finished)["test_guilty"]
    assert "the kernel pipes" in told or "string_at" in told or "no core file is at" in told
    assert (suite.path / "ran.txt").read_text() == "gw0\n", "nothing was run again"
    left = {path.name for path in suite.path.iterdir()} - before
    assert not [name for name in left if name.startswith("core")]


def test_what_cannot_be_had_is_said(suite):
    """`auto` without a debugger tells what is missing, and the command that would give a stack."""
    finished = suite(
        "--isolate=session", "-k", "guilty", BULKHEAD_NATIVE="auto", PATH="",
        PYTHONPATH=str(suite.path),
    )  # fmt: skip
    told = stacks(finished)["test_guilty"]
    assert "none: gdb is not in PATH; by hand: gdb --batch" in told, shown(finished)
    assert "--isolate=no test_g.py::test_guilty" in told
    off = suite("--isolate=session", "-k", "guilty", PYTHONPATH=str(suite.path))
    assert stacks(off) == {}, "the variable that our own tests set says off"


def test_a_crash_that_does_not_come_again(run, files):
    """A test that goes well alone has no stack there, and that is said."""
    if not shutil.which("gdb"):
        pytest.skip("gdb is not in PATH")
    text = f"import sys\ndef test_a(): sys.spoilt = True\ndef test_b():\n    if hasattr(sys, 'spoilt'): {SEGV}\n"
    files({"test_o.py": text})
    run.verifies = True
    known = run("--isolate=session", "--isolate-native=auto")
    tried = run("--isolate=session", "--isolate-native=auto", "-o", "isolate_verify=off")

    assert "none: alone, where gdb could look at it, the test does not crash" in known.out
    assert "none: run again alone in gdb, the test did not get SIGSEGV" in tried.out, shown(tried)


def test_a_way_that_is_none(run, files):
    """Exit status 4, the value, and where it stands."""
    files({"test_a.py": "def test_a(): pass\n"})
    finished = run("--isolate=session", "--isolate-native=lldb")
    assert finished.code == 4
    assert "--isolate-native: 'lldb' is none of auto, off, gdb, pystack, core" in finished.out

"""The chart of a run: `--isolate-trace` and `--isolate-html`, of a run that goes on or of an old one."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from conftest import shown

SUITE = {
    "test_s.py": """
import ctypes
import os

import pytest

def test_fine(): pass

def test_crash():
    print("<b>last</b> words </script>")
    ctypes.string_at(0)

@pytest.mark.timeout(1)
def test_hang(): sum(range(10**12))

def test_leaves(): os.environ["LEFT"] = "</script>"

@pytest.mark.parametrize("text", ["<img src=x>"])
def test_fails(text): assert 0
""",
}
STATES = {
    "test_s.py::test_fine": "passed",
    "test_s.py::test_crash": "crashed",
    "test_s.py::test_hang": "timed out",
    "test_s.py::test_leaves": "passed",
    "test_s.py::test_fails[<img src=x>]": "failed",
}


def states_of(path):
    """Return {node id: state} of the spans of a trace."""
    rows = json.loads(path.read_text())["traceEvents"]
    spans = [row for row in rows if row["ph"] == "X" and row["cat"] == "test"]
    return {row["name"]: row["args"]["state"] for row in spans}


def explain(run, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest_bulkhead", "explain", *arguments],
        cwd=run.path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_trace_of_a_run_and_of_its_journal(run, files):
    """Each test has its span and state, and a trace that is made from the journal says the same."""
    files(SUITE)
    finished = run("--isolate=module", "--isolate-trace=t.json", "--isolate-report=run.jsonl")
    path = run.path / "t.json"
    assert states_of(path) == STATES, shown(finished)
    assert f"isolate: wrote {path}" in finished.out
    written = json.loads(path.read_text())["traceEvents"]
    done = explain(run, "run.jsonl", "--trace=again.json")
    assert done.stdout == f"wrote {run.path / 'again.json'}\n", done
    again = json.loads((run.path / "again.json").read_text())["traceEvents"]
    assert [row["name"] for row in again] == [row["name"] for row in written]


@pytest.mark.parametrize("option", ["--isolate-trace"])
def test_a_file_that_cannot_be_written_is_a_usage_error(option, run, files):
    """The error names option and path, before any test has run, and for an old journal too."""
    files({"test_a.py": "def test_a(): open('ran', 'w')\n"})
    finished = run("--isolate=session", f"{option}=/no/such/dir/x")
    assert finished.code == 4, shown(finished)
    assert f"{option}=/no/such/dir/x: No such file or directory" in finished.out
    assert not (run.path / "ran").exists()
    name = option.replace("isolate-", "")
    done = explain(run, "run.jsonl", f"{name}=/no/such/dir/x")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {name}=/no/such/dir/x: No such file or directory" in done.stderr

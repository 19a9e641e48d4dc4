"""`bulkhead explain` tells the story of a run again, also of one that was cut off."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest
from conftest import bulkhead, shown, wait_for

LIMIT = 60

SUITE = {
    "test_s.py": """
import ctypes
import subprocess

import pytest

def test_fine(): pass

def test_crash():
    ctypes.string_at(0)

@pytest.mark.timeout(1)
def test_hang(): sum(range(10**12))

@pytest.fixture
def broken():
    yield
    ctypes.string_at(0)

def test_teardown(broken): pass

def test_fails(): assert 0
""",
    "test_dies_at_import.py": "import os\nos._exit(3)\n",
}


ENDS = {
    "test_fine": "passed",
    "test_crash": "crashed",
    "test_hang": "timed out",
    "test_teardown": "passed",
    "test_fails": "failed",
}


def explain(run, *named):
    done = bulkhead("explain", *named, cwd=run.path)
    assert done.stderr == ""
    return done


@pytest.mark.parametrize(
    "options",
    [
        ("--isolate=session",),
        ("--isolate=function",),
        ("--isolate=module", "-n2"),
        ("--isolate=session", "--isolate-start=spawn"),
    ],
    ids=" ".join,
)
def test_the_same_story_again(options, run, files):
    """Heading, processes, crashes with their text, and a sum that is the terminal's own."""
    files(SUITE)
    finished = run(*options, "--continue-on-collection-errors", "--isolate-report=run.jsonl")
    done = explain(run, "run.jsonl")
    out = done.stdout
    assert done.returncode == 0, out + shown(finished)
    assert f"{options[0]} " in out.splitlines()[2]
    [line] = re.findall(r"^isolate: .*", finished.out, re.M)
    assert f"  {line}\n" in out
    for part in (
        "crashed with exit code 3 while test_dies_at_import.py was collected",
        "crashed with SIGSEGV in call",
        "timed out in call after",
        "crashed with SIGSEGV in teardown of fixture 'broken' (function scope)",
        "5 collected = 2 passed + 1 failed + 1 crashed + 1 timed out",
        "errors at teardown of tests that had ended: 1",
    ):
        assert part in out, out + shown(finished)
    assert "cut off" not in out
    for name in ("test_fine", "test_crash", "test_hang", "test_teardown", "test_fails"):
        told = explain(run, "--test", f"test_s.py::{name}", "run.jsonl").stdout
        assert f"  {ENDS[name]}, " in told, told
        assert re.search(r"^(how it went|attempt 1 of 2)$", told, re.M), told


def test_the_text_of_a_crash_is_that_of_the_terminal(run, files):
    """Each line of a report on the terminal is told again."""
    files({"test_s.py": SUITE["test_s.py"]})
    finished = run("--isolate=session", "-k", "crash", "--isolate-report=run.jsonl")
    out = explain(run, "run.jsonl").stdout
    report = finished.section("test_crash").strip().splitlines()
    assert len(report) > 6, shown(finished)
    assert [line for line in report if line.strip() and f"  {line}" not in out] == []


def test_a_run_whose_controller_was_killed(run, files):
    """The story says that it was cut off, and what was running at that moment; it is kept too."""
    files({"test_k.py": "import time\ndef test_a(): pass\ndef test_b(): time.sleep(600)\n"})
    running = run.start("--isolate=session", "--isolate-report=run.jsonl")
    journal = run.path / "run.jsonl"
    assert wait_for(lambda: journal.exists() and journal.read_text().count("TestStarted") == 2)
    running.process.kill()
    running.finish()
    out = explain(run, "run.jsonl").stdout
    assert "the run was cut off" in out
    assert "running then: gw0 test_k.py::test_b" in out
    assert "2 collected = 1 passed + 1 running" in out

    (run.path / "sub").mkdir()
    kept = bulkhead("explain", cwd=run.path / "sub").stdout
    which = r"the latest run of \d+-\d+-\d+ \d+:\d+:\d+, from .*/journal.jsonl; another one: .+"
    assert re.fullmatch(which, kept.splitlines()[0])
    assert kept.splitlines()[1:] == out.splitlines()[1:]


def test_the_latest_run_needs_no_name(run, files):
    """Each isolated run is kept in pytest's cache, the next one in its place; else it is an error."""
    files({"test_a.py": "def test_a(): pass\ndef test_b(): assert 0\n"})
    for name in "ab":
        run("--isolate=function", f"--override-ini=cache_dir=build-{name}", "-k", name)
        run("--isolate=session", "-k", name)
    sums = [explain(run, *named).stdout for named in ([], ["build-a"], ["build-b"])]
    assert ["1 collected = 1 failed" in one for one in sums] == [True, False, True]

    run("--isolate=session", "-p", "no:cacheprovider")
    assert "1 failed" in explain(run).stdout
    (run.path / ".pytest_cache").rename(run.path / "gone")
    done = bulkhead("explain", cwd=run.path)
    assert done.returncode == 2
    assert "no journal is kept here" in done.stderr
    assert "hint: run `pytest --isolate=session`" in done.stderr


STAGED = """
import threading
import time

import pytest

@pytest.fixture(scope="session")
def model():
    time.sleep(0.2)

@pytest.fixture(scope="module")
def threaded():
    done = threading.Event()
    thread = threading.Thread(target=done.wait)
    thread.start()
    yield
    done.set()
    thread.join()

def test_slow(model): time.sleep(0.1)
def test_first(threaded): pass
def test_second(threaded): pass
"""


def test_the_story_of_one_test(run, files):
    """After whom it ran in its process, what a stage did for it, and why; with the slow in all."""
    files({"test_m.py": STAGED})
    finished = run("--isolate=function")
    assert finished.counts == {"passed": 3}, shown(finished)
    slow, second = (
        explain(run, "--test", f"test_m.py::{name}").stdout for name in ("test_slow", "test_second")
    )
    assert re.search(r"^ +0\.[2-9]\d s  of its setup, in a stage: wide fixtures$", slow, re.M), slow
    assert "the first test of its process" in slow
    assert "after 1 test in its process:\n    test_m.py::test_first\n" in second
    together = "test_m.py: its tests ran together, in one process: 1 thread(s) beside the main one"
    assert together in second

    whole = explain(run).stdout
    assert re.search(r"^ +0\.\d\d s  test_m.py::test_slow \(setup 0\.\d\d s, call 0\.", whole, re.M)
    assert together in whole
    done = bulkhead("explain", "--test", "test_slow", cwd=run.path)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "is it test_m.py::test_slow?\n\nhint: " in done.stderr


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    """The journal of a run with a crash."""
    folder = tmp_path_factory.mktemp("journal")
    (folder / "test_s.py").write_text(SUITE["test_s.py"])
    subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--isolate=session", "--isolate-report=run.jsonl"],
        cwd=folder, capture_output=True, timeout=LIMIT, check=False,
        env={k: v for k, v in os.environ.items() if not k.startswith("PYTEST")},
    )  # fmt: skip
    return (folder / "run.jsonl").read_bytes()


def test_a_disk_that_is_full_costs_the_journal_and_not_the_run(run, files):
    """What cannot be written is left out; the run ends as ever, without a traceback of ours."""
    files({"test_a.py": "def test_a(): pass\n"})
    finished = run("--isolate=session", "--isolate-report=/dev/full")
    assert finished.counts == {"passed": 1}, shown(finished)
    assert finished.code == 0
    assert "Traceback" not in finished.out
    assert "isolate: /dev/full is not whole: [Errno 28] No space left on device" in finished.out


@pytest.mark.parametrize("part", [0.2, 0.4, 0.6, 0.8, 0.99])
def test_a_journal_that_was_cut_in_a_line(part, journal, tmp_path):
    """The cut line is left out, and the story is told up to there."""
    lines = journal.splitlines(keepends=True)
    whole = int(len(lines) * part)
    half = lines[whole][: len(lines[whole]) // 2]
    (tmp_path / "j").write_bytes(b"".join(lines[:whole]) + half)
    done = bulkhead("explain", "j", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the run was cut off" in done.stdout
    assert "in the middle of a line" in done.stdout


def test_a_journal_that_cannot_have_happened(journal, tmp_path):
    """A line that is missing breaks the replay: that is said, with exit status 1, no traceback."""
    lines = journal.decode().splitlines()
    started = next(n for n, line in enumerate(lines) if '"TestStarted"' in line)
    del lines[started]
    (tmp_path / "j").write_text("\n".join(lines) + "\n")
    done = bulkhead("explain", "j", cwd=tmp_path)
    assert done.returncode == 1
    assert "the replay broke" in done.stdout
    assert "at TestReported" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ("no journal of version", ""),
        ("no journal of version", json.dumps({"journal": 99})),
        ("j:1: no line of a journal: 'hello'", "hello\n"),
        ("the heading of the journal is not whole", json.dumps({"journal": 1})),
        (
            "a line lacks what it needs",
            '{"journal": 1, "level": "session"}\n{"event": "TestStarted"}',
        ),
        ("no event 'Eclipse'", '{"journal": 1}\n{"event": "Eclipse", "now": 0}\n'),
        ("No such file", None),
    ],
)
def test_bad_input_is_one_error_line_and_a_hint(message, text, tmp_path):
    """Exit status 2, an error that names the file, a hint; never a traceback."""
    if text is not None:
        (tmp_path / "j").write_text(text)
    done = bulkhead("explain", "j", cwd=tmp_path)
    error, empty, hint = done.stderr.splitlines()
    assert done.returncode == 2
    assert done.stdout == ""
    assert error.startswith("error: ")
    assert message in error
    assert empty == ""
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    "arguments", [(), ("surgeon",), ("bisect",), ("explain",), ("demo", "more")]
)
def test_a_bad_command_line_is_one_error_line_and_a_hint(arguments, tmp_path):
    """So is a verb that does not exist, and one that lacks an argument."""
    done = bulkhead(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert re.fullmatch(r"error: .+\n\nhint: .+\n", done.stderr)


def test_only_verbs_that_exist_are_listed(tmp_path):
    """The help names each that there is, and the version is the package's."""
    out = bulkhead("--help", cwd=tmp_path).stdout
    assert re.findall(r"^    (\w+) ", out, re.M) == ["bisect", "demo", "doctor", "explain"]
    assert re.fullmatch(r"bulkhead \d+\.\d+\.\d+\n", bulkhead("--version", cwd=tmp_path).stdout)


def test_a_closed_pipe_is_silent(journal, tmp_path):
    """`bulkhead explain j | head -1` says nothing on stderr."""
    (tmp_path / "j").write_bytes(journal)
    reader, writer = os.pipe()
    os.close(reader)
    done = bulkhead(
        "explain", "j", cwd=tmp_path, capture_output=False, stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert done.stderr == ""
    assert done.returncode == 141


def test_no_colour_where_no_terminal_is(journal, tmp_path):
    """What is piped has no escape sequences."""
    (tmp_path / "j").write_bytes(journal)
    assert "\x1b" not in bulkhead("explain", "j", cwd=tmp_path).stdout


@pytest.mark.parametrize(("no_colour", "painted"), [("", True), ("1", False)])
def test_colour_on_a_terminal_unless_forbidden(no_colour, painted, journal, tmp_path):
    """NO_COLOR is respected; without it a terminal gets bold headings."""
    (tmp_path / "j").write_bytes(journal[: journal.index(b"\n") + 1])
    ours, theirs = os.openpty()
    bulkhead(
        "explain", "j", cwd=tmp_path, capture_output=False, stdout=theirs, stderr=theirs,
        env=os.environ | {"NO_COLOR": no_colour},
    )  # fmt: skip
    os.close(theirs)
    out = os.read(ours, 100_000)
    os.close(ours)
    assert (b"\x1b[1m" in out) is painted

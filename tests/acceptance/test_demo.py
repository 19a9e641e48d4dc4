"""`bulkhead demo`: a suite that ends plain pytest is brought to its end by us, side by side."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import bulkhead

from pytest_bulkhead.cli.demo_ends import (
    DIED,
    EXPECTED,
    LEAKER,
    LEFT_BEHIND,
    NEVER,
    Ended,
    last_lines,
    problems_of,
    read_words,
)

#: The demo itself needs about eight seconds.
LIMIT = 60


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo, run where an ini file, a conftest and a variable would spoil its runs."""
    folder = tmp_path_factory.mktemp("demo")
    (folder / "pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (folder / "conftest.py").write_text("raise RuntimeError('not mine')\n")
    environ = os.environ | {"TMPDIR": str(folder), "PYTEST_ADDOPTS": "--no-such-option"}
    return bulkhead("demo", cwd=folder, env=environ), folder


def test_the_demo_ends_as_its_model_says(demo):
    """Exit status 0 says that both contained runs ended as they must."""
    done, _folder = demo
    assert done.returncode == 0, done.stdout + done.stderr
    assert "both contained runs ended as they should" in done.stdout


def test_plain_pytest_dies_in_it(demo):
    """The run without us is ended by the signal, and every later test never runs."""
    out = demo[0].stdout
    assert re.search(r"^\$ pytest +killed by SIGSEGV", out, re.M), out
    assert re.search(r"^  test_null_pointer +the run died +CRASHED +CRASHED$", out, re.M), out
    assert re.search(r"^  test_one +never ran +passed +passed$", out, re.M), out


def test_both_ends_stand_side_by_side(demo):
    """The table has each test at each level; the order-dependent crash differs between them."""
    out = demo[0].stdout
    assert re.search(r"^ +plain pytest +session +function$", out, re.M), out
    for row in (
        r"test_holds_the_gil +never ran +TIMED OUT +TIMED OUT",
        r"test_passes_then_teardown_dies +never ran +passed, then error +passed, then error",
        r"test_reads_the_pointer +never ran +CRASHED +passed",
    ):
        assert re.search(rf"^  {row}$", out, re.M), out


def test_the_leak_is_shown(demo):
    """The process that was left behind is named with its test, at both levels, and gone."""
    out = demo[0].stdout
    found = re.findall(rf"{LEAKER}.* left pid (\d+) running, it was ended: {LEFT_BEHIND}", out)
    assert len(found) == 2, out
    assert not [pid for pid in found if Path(f"/proc/{pid}").exists()]


def test_the_suite_stays_to_be_played_with(demo):
    """The folder is named, and holds files that pytest collects without us."""
    done, folder = demo
    suite = Path(re.search(r"the suite stays in (\S+);", done.stdout)[1])
    assert suite.parent == folder
    assert len(list(suite.glob("test_*.py"))) == 6
    collected = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"],
        cwd=suite, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert [line for line in collected.stdout.splitlines() if "::" in line] == list(EXPECTED)


def test_nothing_is_written_but_the_suite(demo):
    """The user's folder is left as it was."""
    assert {"pytest.ini", "conftest.py"} == {p.name for p in demo[1].iterdir() if p.is_file()}


def test_a_place_that_cannot_be_written_is_one_error_line(tmp_path):
    """No traceback: the error, a hint, and exit status 2."""
    code = "import tempfile; tempfile.tempdir = '/no/such'\nfrom pytest_bulkhead.cli import main\n"
    done = subprocess.run(
        [sys.executable, "-c", f"{code}raise SystemExit(main.main(['demo']))"],
        cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: the suite cannot be written: ")
    assert "\n\nhint: set TMPDIR" in done.stderr


# -- the demo's own judgement ------------------------------------------------------------------


def printed(level):
    """What a run prints that ends as the model says."""
    column = ("session", "function").index(level)
    lines = []
    for nodeid, ends in EXPECTED.items():
        lines += [f"{nodeid} {word.upper()}  [ 1%]" for word in ends[column].split(", then ")]
    return "\n".join([*lines, f"{LEAKER} left pid 7 running, it was ended: {LEFT_BEHIND}"])


FINE = Ended("session", 1, printed("session"), 2.0)


@pytest.mark.parametrize(
    ("told", "changes"),
    [
        ([], {}),
        ([], {"level": "function", "out": printed("function")}),
        ([], {"level": "", "code": -11, "out": ""}),
        (["exit status 0 after 2.0 s, the model says"], {"code": 0}),
        (["killed by SIGSEGV"], {"code": -11}),
        (["had to be killed"], {"code": None}),
        (
            ["test_before: failed"],
            {"out": FINE.out.replace("test_before PASSED", "test_before FAILED")},
        ),
        (
            ["test_one: never ran"],
            {"out": FINE.out.replace("test_f_healthy.py::test_one PASSED", "")},
        ),
        (["was not reported"], {"out": FINE.out.replace("sleep 300", "sleep 3")}),
    ],
)
def test_what_differs_from_the_model_is_told(told, changes):
    """A wrong state, exit status or a missing leak is a problem; plain pytest has no model."""
    problems = problems_of(FINE._replace(**changes))
    assert len(problems) == len(told), problems
    assert all(part in problem for part, problem in zip(told, problems, strict=True))


def test_a_test_that_was_begun_and_never_ended_is_where_the_run_died():
    """A line without a word is the last thing that a dying pytest printed."""
    words = read_words(
        "test_a.py::test_x PASSED [ 1%]\ntest_a.py::test_y Fatal Python error: Segmentation fault"
    )
    assert words == {"test_a.py::test_x": "passed", "test_a.py::test_y": DIED}
    assert NEVER not in words.values()


def test_the_last_lines_leave_out_the_machinery():
    """Frames of pytest do not fill the screen; a contained run is shown from its short list on."""
    frames = '  File "/x/_pytest/python.py", line 1 in f\n' * 30
    assert len(last_lines(Ended("", -11, f"first\n{frames}", 1.0))) == 2
    shown = last_lines(FINE._replace(out="much\n=== crashes in short ===\nCRASHED a\n=== end ==="))
    assert shown == ["=== crashes in short ===", "CRASHED a", "=== end ==="]

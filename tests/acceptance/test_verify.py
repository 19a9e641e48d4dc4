"""A test that broke is run once more, unheard, and the report says whether others are to blame."""

from __future__ import annotations

import pytest
from conftest import bulkhead, read_journal, read_junit, shown
from suites import SEGV

POLLUTED = f"""
import os
import pytest

STATE = []

@pytest.fixture(scope="module")
def pool():
    with open(os.environ["SETUPS"], "a") as file:
        file.write("set up\\n")

def test_harmless(): pass

def test_culprit(pool): STATE.append(1)

def test_between(): print("heard of once")

def test_victim(pool):
    if STATE:
        {SEGV}

def test_guilty():
    if len(STATE) < 2:
        {SEGV}

def test_last(): pass
"""

DEPENDENT = """
MADE = []

def test_create(): MADE.append(1)
def test_other(): pass
def test_read(): assert MADE
def test_wrong(): assert 0
"""

LEAKS = """
import os

def test_harmless(): pass
def test_leaves(): os.environ["LEFT"] = "1"
def test_suffers(): assert "LEFT" not in os.environ
"""


@pytest.fixture(autouse=True)
def verifies(run):
    run.verifies = True


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_a_crash_after_others_is_tried_alone(run, files, start):
    """The report says that it passes alone; what was tried counts nowhere and is heard by nobody."""
    files({"test_p.py": POLLUTED})
    finished = run(
        "--isolate=session", "-o", f"isolate_start={start}", "--junitxml=junit.xml", "-v",
        "--isolate-report=run.jsonl", SETUPS="setups",
    )  # fmt: skip

    assert finished.counts == {"passed": 4, "crashed": 2}, shown(finished)
    crashes = finished.section("crashes")
    assert "run alone in a fresh process, it passed: it breaks only after others" in crashes
    assert "bulkhead bisect test_p.py::test_victim" in crashes
    assert crashes.count("isolate: run once more") == 1, "the other one came first in its process"
    assert "test_victim - crashed with SIGSEGV in call (passed alone)" in (
        finished.section("crashes in short")
    )
    assert finished.out.count("test_victim CRASHED") == 1
    assert "test_victim PASSED" not in finished.out
    ends = read_junit(run.path / "junit.xml")
    assert len(ends) == 6
    assert "isolate: run once more\nrun alone in a fresh process" in ends["test_victim"][0][2]
    answers = [
        row["evidence"]["answer"]
        for row in read_journal(run.path / "run.jsonl")
        if "answer" in row.get("evidence", ())
    ]
    assert [answer["verdict"] for answer in answers] == ["needs others"]
    story = bulkhead("explain", "run.jsonl", cwd=run.path)
    assert story.returncode == 0, story.stdout


def test_the_culprit_is_searched_for_in_the_time_that_is_given(run, files):
    """With --isolate-bisect the pair is named, and the command that shows it does."""
    files({"test_p.py": POLLUTED})
    finished = run("--isolate=session", "--isolate-bisect=60", "-k", "not guilty", SETUPS="s")
    shows = "pytest -n0 --isolate=session -p no:randomly test_p.py::test_culprit "

    assert "it breaks after test_p.py::test_culprit (and no fewer)" in finished.out, shown(finished)
    assert f"{shows}test_p.py::test_victim" in finished.out
    assert "isolate: test_p.py::test_victim once more, alone" in finished.out, "progress"
    assert "(only after test_p.py::test_culprit)" in finished.section("crashes in short")
    again = run(*shows.split()[1:], "test_p.py::test_victim", SETUPS="s")
    assert again.counts == {"passed": 1, "crashed": 1}, shown(again)


def test_a_test_that_misses_another_one_is_told_so(run, files):
    """With isolate_verify = failures the hidden dependency is named, and where it would pass."""
    files({"test_d.py": DEPENDENT})
    options = ("--isolate=function", "-o", "isolate_verify=failures")
    finished = run(*options)

    assert finished.counts == {"passed": 2, "failed": 2}, shown(finished)
    assert "passes only after test_d.py::test_create: hidden dependency" in finished.out
    assert "it would pass at module level" in finished.out
    assert "run once more, it failed again: no other test is to blame" in finished.out
    assert run("--isolate=module").counts == {"passed": 3, "failed": 1}, "as it says"


def test_a_test_that_suffers_from_another_one_is_told_so(run, files):
    """With isolate_verify = failures, one that fails after others is run alone as well."""
    files({"test_l.py": LEAKS})
    finished = run("--isolate=session", "-o", "isolate_verify=failures", "-o", "isolate_bisect=60")

    assert "it breaks after test_l.py::test_leaves (and no fewer)" in finished.out, shown(finished)
    assert "what test_l.py::test_leaves left there: environ: LEFT" in finished.out, shown(finished)


@pytest.mark.parametrize("option", [("-o", "isolate_verify=off"), ("--maxfail=1",)])
def test_nothing_is_tried_that_nobody_wants(run, files, option):
    """Nor after a run was stopped."""
    files({"test_p.py": POLLUTED})
    finished = run("--isolate=session", *option, SETUPS="setups")

    assert "run once more" not in finished.out, shown(finished)
    assert "bulkhead bisect test_p.py::test_victim" in finished.out


@pytest.mark.parametrize(
    ("key", "value", "wrong"),
    [
        ("isolate_verify", "always", "'always' is none of crashes, failures, off"),
        ("isolate_retries", "two", "'two' is no whole number"),
        ("isolate_retry_budget", "-1", "'-1' is no whole number"),
        ("isolate_flaky", "maybe", "'maybe' is none of pass, fail"),
        ("isolate_bisect", "long", "'long' is no number of seconds"),
    ],
)
def test_a_value_that_is_none_is_an_error(run, files, key, value, wrong):
    """It names the key, the value and what may be written."""
    files({"test_p.py": "def test_it(): pass"})
    finished = run("--isolate=session", "-o", f"{key}={value}")

    assert finished.code == 4, shown(finished)
    assert f"ini key {key}: {wrong}" in finished.out

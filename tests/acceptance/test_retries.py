"""A test that crashed is run again where that is asked, and never silently."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from conftest import bulkhead, shown
from suites import SEGV

SELDOM = f"""
import os, pathlib, pytest

def tried(name):
    file = pathlib.Path(name)
    number = int(file.read_text()) + 1 if file.exists() else 1
    file.write_text(str(number))
    return number

@pytest.fixture(scope="module")
def wide():
    if tried("wide") < 2:
        {SEGV}

def test_before(): pass

def test_seldom():
    if tried("seldom") < 2:
        {SEGV}

def test_always():
    {SEGV}

def test_fails_later():
    if tried("fails") < 2:
        {SEGV}
    assert 0

def test_wide(wide): pass

def test_wrong(): assert 0
"""


SUBTEST = f"""
import pytest

@pytest.fixture(scope="module")
def wide():
    yield
    raise OSError("torn down")

def test_both(wide, subtests):
    with subtests.test("first"):
        assert 0, "in a subtest"
    {SEGV}
"""


@pytest.mark.parametrize(
    "options",
    [
        ("--isolate=session", "-o", "isolate_start=fork"),
        ("--isolate=session", "-o", "isolate_start=spawn"),
        ("--isolate=function",),
    ],
    ids=["fork", "spawn", "function"],
)
def test_a_test_that_passes_later_is_flaky(options, run, files):
    """It has a state of its own in the summary, JUnit's file and the journal; each attempt is told."""
    files({"test_s.py": SELDOM})
    retried = run(
        *options, "-o", "isolate_retries=2", "-o", "isolate_flaky=fail", "--junitxml=junit.xml",
        "--isolate-report=run.jsonl",
    )  # fmt: skip

    assert retried.counts == {
        "passed": 1, "flaky": 2, "crashed": 1, "failed": 2, "retried": 5,
    }, shown(retried)  # fmt: skip
    cases = {case.get("name"): case for case in ET.parse(run.path / "junit.xml").iter("testcase")}
    assert len(cases) == 6
    assert cases["test_seldom"].find("flakyFailure").get("message").startswith("crashed with")
    assert cases["test_seldom"].find("properties/property").get("value") == "2"
    assert cases["test_seldom"].find("error") is None
    assert cases["test_always"].find("error") is not None
    story = bulkhead("explain", "run.jsonl", cwd=run.path)
    assert "2 flaky" in story.stdout, story.stdout + story.stderr
    assert story.returncode == 0, story.stdout
    section = retried.section("tests that were run again")

    assert "test_s.py::test_seldom: flaky in the end\n  attempt 1: crashed with SIGSEGV" in section
    assert "test_s.py::test_fails_later: failed in the end" in section
    assert "test_s.py::test_wide: flaky in the end" in section
    assert "  attempt 2: crashed with SIGSEGV in call" in section
    assert ", attempt 3" in retried.section("crashes"), shown(retried)


@pytest.mark.skipif(pytest.version_tuple < (9, 0), reason="pytest has no subtests yet")
def test_a_subtest_that_failed_before_the_crash_is_no_crash(run, files):
    """In JUnit's file it stays a failure with its own words, and counts for the last attempt."""
    files({"test_s.py": SUBTEST})
    finished = run("--isolate=function", "-o", "isolate_retries=1", "--junitxml=junit.xml", "-n0")

    assert finished.code == 1, shown(finished)
    suite = ET.parse(run.path / "junit.xml").find("testsuite")
    failures, errors = list(suite.iter("failure")), list(suite.iter("error"))
    assert ["in a subtest" in one.get("message") for one in failures] == [True]
    assert errors[0].get("message") == "crashed with SIGSEGV in call"
    assert (suite.get("failures"), suite.get("errors")) == ("1", str(len(errors)))


@pytest.mark.parametrize(("policy", "code"), [("pass", 0), ("fail", 1)])
def test_what_a_flaky_test_counts_as_is_the_users_choice(run, files, policy, code):
    """isolate_flaky decides on the exit status of a run in which nothing else went wrong."""
    files({"test_s.py": SELDOM})
    finished = run(
        "--isolate=session", "-o", "isolate_retries=1", "-o", f"isolate_flaky={policy}",
        "-k", "before or seldom",
    )  # fmt: skip

    assert finished.counts == {"passed": 1, "flaky": 1, "retried": 1, "deselected": 4}
    assert finished.code == code, shown(finished)


def test_a_run_has_a_budget(run, files):
    """After that crashes count at once: not even a broken suite runs for ever."""
    files({"test_s.py": SELDOM})
    finished = run(
        "--isolate=session", "-o", "isolate_retries=5", "-o", "isolate_retry_budget=2", "-k",
        "always or seldom",
    )  # fmt: skip

    assert finished.counts["retried"] == 2, shown(finished)
    assert finished.counts["flaky"] == 1
    assert finished.counts["crashed"] == 1


def test_a_crash_is_not_lost_when_the_run_is_stopped(run, files):
    """It was withheld, and is told for good."""
    files({"test_s.py": SELDOM})
    finished = run("--isolate=session", "-o", "isolate_retries=1", "-x", "-k", "seldom or wrong")

    assert finished.counts == {"retried": 1, "crashed": 1, "failed": 1, "deselected": 4}, shown(
        finished
    )
    assert "test_s.py::test_seldom - crashed with SIGSEGV" in finished.section("crashes in short")
    assert finished.code == 1

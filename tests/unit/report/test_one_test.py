"""Specification of `report.one_test`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.one_test import find_item, one_test_lines

from .journals import CRASH, STAGED, items, leaves, passes, story
from .journals import text_of as all_of

LEFT = {"guard": "cwd", "texts": ["it is /"], "blamed": "a.py::t", "done": "reported", "item": 1}
LEAK = {"pid": 7, "command": "sleep 60", "tests": ["a.py::t"]}


def text_of(name, happened=CRASH, **heading):
    told = story(happened, **heading)
    return "\n".join(line.text for line in one_test_lines(told, find_item(told, f"a.py::{name}")))


def test_a_test_that_crashed():
    """Where, after whom, each phase, its report, what it left, and why its group ran so."""
    text = text_of("t", [*CRASH, {"finding": LEFT}, {"leak": LEAK}])

    for line in (
        "crashed, 0.10 s in all",
        "in gw0 (forked), 0.80 s after the start of the run",
        "after 1 test in its process:",
        "  a.py::s",
        "    0.10 s  crashed with SIGSEGV in call",
        "stacks",
        "  it is /",
        "a.py::t left pid 7 running, it was ended: sleep 60",
        "session: session: 3 tests, 0.90 s; forked from the template 2 times",
        "run it again: pytest --isolate=session a.py::t",
    ):
        assert line in text.splitlines(), text


def test_what_running_it_once_more_has_shown():
    """That is told of the test that it is about, and in the story of the whole run."""
    answer = {"answer": {"nodeid": "a.py::t", "text": "run alone, it passed"}}

    assert "run alone, it passed" in text_of("t", [*CRASH, answer]).splitlines()
    assert "run alone" not in text_of("s", [*CRASH, answer])
    assert "a.py::t: run alone, it passed" in all_of(story([*CRASH, answer])).splitlines()


def test_what_is_not_its_own_is_not_told():
    """Reports, findings and leaks of other tests."""
    text = text_of("s", [*CRASH, {"finding": LEFT}, {"leak": LEAK}])

    assert "the first test of its process" in text
    assert "    0.00 s  call passed" in text
    assert [] == [word for word in ("stacks", "it is /", "sleep 60") if word in text]


def test_a_test_that_was_set_up_in_a_stage():
    """That is told apart, as a part of its setup."""
    text = text_of("u", STAGED, level="function", stage=True)

    assert "in gw0 (below a stage of it)" in text
    assert "    0.10 s  of its setup, in a stage: wide fixtures" in text
    assert "a.py: its tests ran together, in one process: 1 thread(s)" in text


def test_a_test_that_has_not_run():
    """The reason is the run's, or that the journal ends."""
    assert "not run: the journal ends before its turn" in text_of("u", CRASH[:2])
    assert "not run: -x" in text_of("u", [*CRASH[:2], ev.StopAsked("-x")])
    assert "it was running when the journal ended" in text_of("t", CRASH[:9])


def test_of_many_before_it_the_latest_are_named():
    """With how many there were."""
    names = [f"t{number}" for number in range(25)]
    passed = [event for number in range(25) for event in passes(1, number)]
    happened = [ev.Begun(), ev.Collected(1, items(*names)), ev.WorkerJoined(1), *passed, *leaves(1)]
    text = text_of("t24", happened)

    assert "after 24 tests in its process, of which these are the latest 20:" in text
    assert ("  a.py::t4\n" in text, "  a.py::t3\n" in text) == (True, False)


@pytest.mark.parametrize(
    ("nodeid", "offered"),
    [("::t", "; is it a.py::t?"), ("a.py::tt", "; is it a.py::t or "), ("x", "")],
)
def test_an_unknown_test_is_told_with_the_nearest(nodeid, offered):
    """Those that have it in them, or else those that are most alike; or none."""
    with pytest.raises(UsageProblem) as problem:
        find_item(story(), nodeid)

    assert f"{nodeid}: no such test among the 3 tests of this run{offered}" in str(problem.value)

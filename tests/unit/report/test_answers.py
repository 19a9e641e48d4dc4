"""Specification of `report.answers`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.again.inquiry import Answer, Verdict
from pytest_bulkhead.core.guards.findings import Done, Finding
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.report.answers import Involved, answer_lines, short_words

BEFORE = [f"t.py::test_{n}" for n in range(12)]


def told(answer, *culprits, left=()):
    return "\n".join(
        answer_lines(answer, Involved("t.py::test_x", culprits, BEFORE, "run.jsonl"), left)
    )


def test_one_that_breaks_alone_needs_nobody():
    """It is said how it was run."""
    assert told(Answer(Verdict.ALONE, State.CRASHED)) == (
        "run alone in a fresh process, it crashed again: no other test is needed"
    )
    assert "failed again" in told(Answer(Verdict.ALONE, State.FAILED))


def test_one_that_passes_alone_needs_one_of_those_before_it():
    """They are named, the nearest ones, with the command that finds the culprit and the mend."""
    text = told(Answer(Verdict.NEEDS, State.PASSED))

    assert "run alone in a fresh process, it passed: it breaks only after others" in text
    assert "t.py::test_11 (and 4 earlier ones)" in text
    assert "which of them: bulkhead bisect t.py::test_x --journal=run.jsonl\n" in text
    assert '@pytest.mark.isolate("function")' in text


def test_culprits_are_told_with_the_command_that_shows_them():
    """And whether there might be fewer."""
    text = told(Answer(Verdict.NEEDS, State.PASSED, (1,)), "t.py::test_a", "t.py::test_b")
    cut = told(Answer(Verdict.NEEDS, State.PASSED, (1,), unfinished=True), "t.py::test_a")

    assert "it breaks after t.py::test_a, t.py::test_b (and no fewer)" in text
    assert "pytest -n0 --isolate=session -p no:randomly t.py::test_a t.py::test_b t.py::test_x" in (
        text
    )
    assert "perhaps fewer" in cut


def test_what_culprits_left_behind_may_explain_it():
    """It is what guards have found of just these."""
    finding = Finding("environ", ("LEFT=1",), "t.py::test_a", Done.REPORTED)
    text = told(Answer(Verdict.NEEDS, State.PASSED, (1,)), "t.py::test_a", left=[finding])

    assert "what t.py::test_a left there: environ: LEFT=1" in text


def test_a_hidden_dependency_is_told_with_its_level():
    """What it needs, and where it would pass."""
    text = told(Answer(Verdict.HIDDEN, State.PASSED, (1,), Level.MODULE), "t.py::test_make")

    assert "passes only after t.py::test_make: hidden dependency" in text
    assert "it would pass at module level" in text


def test_what_is_not_clear_is_called_so():
    """Another end than before says nothing of other tests."""
    assert "it timed out: it does not end the same way" in told(
        Answer(Verdict.UNCLEAR, State.TIMED_OUT)
    )
    assert "did not come to run" in told(Answer(Verdict.UNCLEAR, State.NOT_RUN))
    assert "it was skipped" in told(Answer(Verdict.NEEDS, State.SKIPPED))


@pytest.mark.parametrize(
    ("answer", "culprits", "words"),
    [
        (Answer(Verdict.ALONE, State.CRASHED), [], ""),
        (Answer(Verdict.UNCLEAR, State.PASSED), [], ""),
        (Answer(Verdict.NEEDS, State.PASSED), [], "passed alone"),
        (Answer(Verdict.NEEDS, State.PASSED), ["a", "b"], "only after a and b"),
        (Answer(Verdict.NEEDS, State.PASSED), ["a", "b", "c"], "passed alone"),
        (Answer(Verdict.HIDDEN, State.PASSED, (), Level.MODULE), ["a"], "passes only after a"),
        (
            Answer(Verdict.HIDDEN, State.PASSED, (), Level.MODULE), ["a", "b", "c"],
            "passes at module level",
        ),
    ],
)  # fmt: skip
def test_the_same_in_few_words(answer, culprits, words):
    """For lists with a line for each test."""
    assert short_words(answer, culprits) == words

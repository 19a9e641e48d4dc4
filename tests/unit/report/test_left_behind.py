"""Specification of `report.left_behind`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from pytest_bulkhead.core.guards.findings import Done, Finding
from pytest_bulkhead.report.left_behind import finding_lines

ACCEPT = 'accept with @pytest.mark.leaves("...", reason="..."); policies: isolate_guards'


def found(*texts, by="t.py::a", guard="environ", done=Done.REPORTED):
    return Finding(guard, texts, by, done)


def lines(*findings):
    return [line.strip() for line in finding_lines(findings)]


def test_findings_are_grouped_by_guard_and_thing():
    """Each guard has its advice, each thing the tests that left it, in the order of their finding."""
    cwd = found("the folder is /", by="t.py::b", guard="cwd")

    assert [
        "environ: use the fixture monkeypatch.setenv, or delenv",
        "A was added", "t.py::a, t.py::c",
        "B was added", "t.py::a",
        "cwd: use the fixture monkeypatch.chdir",
        "the folder is /", "t.py::b",
        ACCEPT,
    ] == lines(found("A was added", "B was added"), cwd, found("A was added", by="t.py::c"))  # fmt: skip


def test_what_was_done_is_said():
    """Who reads it sees whether the state is as it was."""
    said = lines(
        found("A", done=Done.RESTORED), found("B", done=Done.STUCK), found("C", done=Done.FAILED)
    )

    assert ["A (put back)", "B (could not be put back)", "C (an error)"] == said[1:-1:2]


def test_long_lists_are_cut():
    """Ten things of a guard and three tests of a thing are shown; the rest is counted."""
    said = lines(
        *(found("A", by=f"t.py::{number}") for number in range(5)),
        *(found(f"B{number}") for number in range(11)),
    )

    assert "t.py::0, t.py::1, t.py::2 and 2 more" == said[2]
    assert ["B8", "t.py::a", "and 2 more", ACCEPT] == said[-4:]


def test_what_is_no_guard_has_no_advice():
    """A reset that cannot be done is told like a finding."""
    assert ["reset", "x", "t.py::a", ACCEPT] == lines(found("x", guard="reset"))

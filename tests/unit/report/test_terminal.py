"""Specification of `report.terminal`: lines and words."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from types import SimpleNamespace

import pytest

from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.report import terminal


class Reporter:
    def __init__(self, **options):
        self.lines = []
        self.config = SimpleNamespace(getoption=options.get)

    def write_line(self, text):
        self.lines.append(text)

    def write(self, text, **_style):
        self.lines.append(text)

    def write_sep(self, char, title, **_style):
        self.lines.append(f"{char} {title}")


def crash(**more):
    fields = {
        "nodeid": "a.py::t", "head_line": "t", "outcome": "failed", "isolate_end": "crashed",
        "isolate_headline": "crashed with SIGSEGV in call", "longrepr": "first\nsecond",
        "sections": [("Captured stdout call", "words\n")],
    }  # fmt: skip
    return SimpleNamespace(**(fields | more))


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        (
            "isolate: session level, 1 worker, forked from the template",
            (Level.SESSION, 1, "", -1),
        ),
        (
            "isolate: module level, 4 workers, spawned (isolate_start = spawn)",
            (Level.MODULE, 4, "isolate_start = spawn", -1),
        ),
        (
            "isolate: function level, 1 worker, forked from the template, random seed 7",
            (Level.FUNCTION, 1, "", 7),
        ),
        (
            "isolate: class level, 2 workers, forked from the template, profile cpu, offline",
            (Level.CLASS, 2, "", -1, terminal.Surroundings(("cpu", "offline"))),
        ),
        (
            "isolate: session level, 1 worker, forked from a template that was started afresh (why)",
            (Level.SESSION, 1, "", -1, terminal.Surroundings(why_exec="why")),
        ),
        (
            "isolate: session level, 1 worker, spawned (a thread), profile cpu",
            (Level.SESSION, 1, "a thread", -1, terminal.Surroundings(("cpu",), "why")),
        ),
    ],
)
def test_the_line_on_isolation(line, arguments):
    """It names the level, the workers, how they start, and why not forked."""
    assert line == terminal.isolation_line(*arguments)


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("collected 1 item", (1, 0, 0)),
        ("collected 0 items", (0, 0, 0)),
        ("collected 5 items / 1 error / 2 deselected / 3 selected", (3, 2, 1)),
        ("collected 2 items / 2 errors", (2, 0, 2)),
    ],
)
def test_the_line_on_the_collection(line, arguments):
    """It is pytest's own."""
    assert line == terminal.collected_line(*arguments)


@pytest.mark.parametrize(
    ("letter", "report"),
    [
        ("C", crash()),
        ("T", crash(isolate_end="timed out")),
        ("E", crash(isolate_end="breach")),
        ("E", crash(isolate_decided=True)),
    ],
)
def test_the_letter_of_a_death(letter, report):
    """Crash, timeout, and error of the run or at teardown are told apart."""
    status = terminal.status_of(report)

    assert status is not None
    assert letter == status[1]


def test_other_reports_are_left_to_pytest():
    """Neither a report that is none of ours nor one that a plugin turned into a rerun is ours."""
    assert terminal.status_of(SimpleNamespace(outcome="failed")) is None
    assert terminal.status_of(crash(outcome="rerun")) is None


def test_the_section_on_crashes():
    """Each has its text and its test's output; all of them stand once more in short."""
    reporter = Reporter()
    terminal.write_crashes(reporter, [crash()])

    assert [
        "= crashes", "_ t", "first", "second", "- Captured stdout call", "words",
        "= crashes in short", "CRASHED", " a.py::t - crashed with SIGSEGV in call",
    ] == reporter.lines  # fmt: skip


@pytest.mark.parametrize(
    ("gone", "options"),
    [
        ("words", {"showcapture": "no"}),
        ("words", {"showcapture": "stderr"}),
        ("second", {"tbstyle": "line"}),
        ("first", {"tbstyle": "no"}),
    ],
)
def test_the_section_obeys_pytests_options(gone, options):
    """--tb and --show-capture hold for crashes too."""
    reporter = Reporter(**options)
    terminal.write_crashes(reporter, [crash()])

    assert gone not in reporter.lines


def test_no_crash_no_section():
    """Nothing is written when nothing crashed, or was left behind."""
    reporter = Reporter()
    terminal.write_crashes(reporter, [])
    terminal.write_leaks(reporter, [])
    assert [] == reporter.lines


def test_leaks_name_tests_pid_and_command():
    """Who left what running; when nobody can say who, that is said."""
    reporter = Reporter()
    leaks = [
        SimpleNamespace(pid=7, command="sleep 60", tests=("a.py::t", "a.py::u")),
        SimpleNamespace(pid=8, command="sleep 61", tests=()),
    ]
    terminal.write_leaks(reporter, leaks)

    assert "a.py::t or a.py::u left pid 7 running, it was ended: sleep 60" == reporter.lines[1]
    assert reporter.lines[2].startswith("a test that could not be named left pid 8")


def test_the_sum():
    """Collected is the sum of the states."""
    reporter = Reporter()
    terminal.write_counts(reporter, [("passed", 2), ("not run", 1)], 3)

    assert ["isolate: 3 collected = 2 passed + 1 not run"] == reporter.lines

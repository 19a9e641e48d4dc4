"""Specification of `report.slow`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.report.slow import slow_lines

from .journals import CRASH, story

BOTH = (
    "2 processes: 0.30 s of start-up, 0.90 s in tests, 0.40 s of waiting and what is between tests, "
    "0.20 s of leaving"
)


def lines_of(happened=CRASH):
    told = story(happened)
    return list(slow_lines(told.run.items, told.attempts, told.lives))


def test_the_slowest_tests_come_first():
    """Then what processes spent their time on, in all."""
    assert [
        "waited 0.10 s for the collection",
        "    0.40 s  a.py::s",
        "    0.40 s  a.py::u",
        "    0.10 s  a.py::t",
        BOTH,
        "    0.20 s  longest start-up: gw0, session",
        "    0.20 s  longest leaving: gw0, session",
    ] == lines_of()


def test_the_phases_that_took_long_are_named():
    """Unless it was the call alone."""
    happened = [
        one._replace(duration=2.0)
        if isinstance(one, ev.TestReported) and (one.item, one.when) in ((0, "setup"), (2, "call"))
        else one
        for one in CRASH
    ]

    assert ["    2.00 s  a.py::s (setup 2.00 s)", "    2.00 s  a.py::u"] == lines_of(happened)[1:3]


def test_quick_tests_are_not_called_slow():
    """That none took long is said."""
    assert "no test took 0.05 s" in lines_of(CRASH[:2])

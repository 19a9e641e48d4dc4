"""Specification of `report.why`."""

from __future__ import annotations

from pytest_bulkhead.core.grouping import Group
from pytest_bulkhead.report.why import why_lines

GROUPS = [
    Group(0, "a.py", (0, 1), scope="module"),
    Group(1, "b.py::test_c", (2,), scope="function"),
    Group(2, "b.py::test_d", (3,), scope="function"),
]


def test_each_group_has_a_line():
    """Level, name, tests, seconds, and how its processes were started; a crash costs another one."""
    starts = {0: [True, True, False], 1: [False]}
    both = "forked from the template 2 times, then spawned (a thread)"

    assert [
        f"module: a.py: 2 tests, 0.75 s; {both}",
        "function: b.py::test_c: 1 test, 0.12 s; spawned (a thread)",
        "function: b.py::test_d: 1 test, 0.00 s; no process was needed",
    ] == list(why_lines(GROUPS, starts, [0.25, 0.5, 0.123, 0.0], "a thread"))

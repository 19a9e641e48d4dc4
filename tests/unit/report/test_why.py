"""Specification of `report.why`."""

from __future__ import annotations

from pytest_bulkhead.core.item import Item, Scopes
from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.core.schedule.grouping import Group
from pytest_bulkhead.report.why import Course, why_in_short, why_lines

ITEMS = [
    Item(number, f"{module}::test_{number}", Scopes("", module, ""))
    for number, module in enumerate(["a.py", "a.py", "b.py", "b.py"])
]
GROUPS = [
    Group(0, "a.py", (0, 1), scope="module"),
    Group(1, "b.py::test_c", (2,), scope="function"),
    Group(2, "b.py::test_d", (3,), scope="function"),
]
SECONDS = [0.25, 0.5, 0.123, 0.0]


def test_each_group_has_a_line():
    """Level, name, tests, seconds, and how its processes were started; a crash costs another one."""
    starts = {0: [True, True, False], 1: [False]}
    both = "forked from the template 2 times, then spawned (a thread)"

    assert [
        f"module: a.py: 2 tests, 0.75 s; {both}",
        "function: b.py::test_c: 1 test, 0.12 s; spawned (a thread)",
        "function: b.py::test_d: 1 test, 0.00 s; no process was needed",
    ] == list(why_lines(Course(ITEMS, GROUPS, starts, SECONDS, "a thread", {})))


def test_a_staged_group_has_a_line_for_each_module():
    """Its worker forks for each cell; a node where it could not has a line of its own."""
    group = Group(0, "each function", (0, 1, 2, 3), scope="function", staged=True)
    how = "forked for each function, with wider fixtures set up"

    assert [
        f"function: a.py: 2 tests, 0.75 s; {how}",
        f"function: b.py: 2 tests, 0.12 s; {how}",
        "b.py: its tests ran together, in one process: a thread",
    ] == list(why_lines(Course(ITEMS, [group], {0: [True]}, SECONDS, "", {"b.py": "a thread"})))


def test_what_a_group_takes_is_told():
    """With a GPU also that it was spawned for that."""
    needs = Needs(2, gpus=1, exclusive=("db",))
    group = Group(0, "a.py", (0, 1), scope="module", needs=needs)

    assert list(why_lines(Course(ITEMS, [group], {0: [False]}, SECONDS, "", {}))) == [
        (
            "module: a.py: 2 tests, 0.75 s; spawned (its tests take a GPU); "
            "it takes gpu 1, cpus 2, exclusive db"
        )
    ]


def test_one_test_has_the_lines_that_are_its_own():
    """Its group's, and of the nodes above it those whose tests ran together."""
    together = {"b.py": "a thread", "a.py": "a device"}
    course = Course(ITEMS, GROUPS, {0: [True]}, SECONDS, "", together)

    assert list(why_lines(course, 2)) == [
        "function: b.py::test_c: 1 test, 0.12 s; no process was needed",
        "b.py: its tests ran together, in one process: a thread",
    ]


def test_in_short_groups_that_ran_alike_have_one_line():
    """With the name of the first, how many more there are, and all their seconds."""
    course = Course(ITEMS, GROUPS, {0: [True], 1: [False], 2: [False]}, SECONDS, "a thread", {})

    assert list(why_in_short(course)) == [
        "module: a.py: 2 tests, 0.75 s; forked from the template",
        "function: b.py::test_c and 1 more: 2 tests, 0.12 s; spawned (a thread)",
    ]

"""`--isolate-why`: how the processes of each group were started, why so, and what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.resources.needs import NOTHING
from pytest_bulkhead.core.run.staged import SESSION
from pytest_bulkhead.core.schedule.grouping import Group


class Course(NamedTuple):
    """What is known of a run when it is over."""

    items: Sequence[Item]
    groups: Sequence[Group]
    #: {group: of each of its processes, whether it was forked}
    starts: Mapping[int, Sequence[bool]]
    #: Of each item, all phases together.
    seconds: Sequence[float]
    #: Why processes were not forked; empty when they were.
    why_spawn: str
    #: {node: why the tests below it ran together}
    together: Mapping[str, str]


class _Row(NamedTuple):
    """Tests that ran in one way."""

    scope: str
    name: str
    members: Sequence[int]
    how: str


def why_lines(course: Course, item: int = -1) -> Iterator[str]:
    """Yield a line for each group, in the order of their first tests.

    Of a staged group, each module has one, and each node whose tests had to run together.

    Args:
        course: of the run.
        item: the test of which is told alone; negative for all.
    """
    for row in _rows(course):
        if item < 0 or item in row.members:
            yield _line(row, course)
    yield from _together_lines(course, item)


def why_in_short(course: Course) -> Iterator[str]:
    """Yield a line for each way in which groups ran."""
    ways: dict[tuple[str, str], list[_Row]] = {}
    for row in _rows(course):
        ways.setdefault((row.scope, row.how), []).append(row)
    for (scope, how), rows in ways.items():
        name = rows[0].name if len(rows) == 1 else f"{rows[0].name} and {len(rows) - 1} more"
        members = [member for row in rows for member in row.members]
        yield _line(_Row(scope, name, members, how), course)
    yield from _together_lines(course, -1)


def _rows(course: Course) -> Iterator[_Row]:
    for group in course.groups:
        starts = course.starts.get(group.id, ())
        if not group.staged or False in starts:
            why = "its tests take a GPU" if group.wants_fresh else course.why_spawn
            how = ", then ".join(_runs(starts, why)) or "no process was needed"
            yield _Row(group.scope, group.name, group.items, how + _taken(group))
            continue
        for module, run in groupby(group.items, lambda item: course.items[item].scopes.module):
            how = f"forked for each {group.scope}, with wider fixtures set up"
            yield _Row(group.scope, module, list(run), how + _taken(group))


def _together_lines(course: Course, item: int) -> Iterator[str]:
    above = {SESSION, *course.items[item].scopes} if item >= 0 else set(course.together)
    for place, why in course.together.items():
        if place in above:
            yield f"{place}: its tests ran together, in one process: {why}"


def _taken(group: Group) -> str:
    return f"; it takes {group.needs.text}" if group.needs != NOTHING else ""


def _line(row: _Row, course: Course) -> str:
    took = sum(course.seconds[item] for item in row.members)
    return f"{row.scope}: {row.name}: {_count(len(row.members), 'test')}, {took:.2f} s; {row.how}"


def _runs(starts: Sequence[bool], why_spawn: str) -> Iterator[str]:
    forked = sum(starts)
    if forked:
        yield f"forked from the template{_times(forked)}"
    if len(starts) > forked:
        yield f"spawned{_times(len(starts) - forked)} ({why_spawn})"


def _times(number: int) -> str:
    return f" {number} times" if number > 1 else ""


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"

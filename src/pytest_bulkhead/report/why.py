"""`--isolate-why`: each group of tests, how its processes were started, and what it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from pytest_bulkhead.core.grouping import Group
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.needs import NOTHING


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


def why_lines(course: Course) -> Iterator[str]:
    """Yield a line for each group, in the order of their first tests.

    Of a staged group, each module has one, and each node whose tests had to run together.
    """
    for group in course.groups:
        starts = course.starts.get(group.id, ())
        if not group.staged or False in starts:
            why = "its tests take a GPU" if group.wants_fresh else course.why_spawn
            how = ", then ".join(_runs(starts, why)) or "no process was needed"
            yield _line(group.scope, group.name, group.items, course, how + _taken(group))
            continue
        for module, run in groupby(group.items, lambda item: course.items[item].scopes.module):
            how = f"forked for each {group.scope}, with wider fixtures set up"
            yield _line(group.scope, module, list(run), course, how + _taken(group))
    for place, why in course.together.items():
        yield f"{place}: its tests ran together, in one process: {why}"


def _taken(group: Group) -> str:
    return f"; it takes {group.needs.text}" if group.needs != NOTHING else ""


def _line(scope: str, name: str, members: Sequence[int], course: Course, how: str) -> str:
    took = sum(course.seconds[item] for item in members)
    return f"{scope}: {name}: {_count(len(members), 'test')}, {took:.2f} s; {how}"


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

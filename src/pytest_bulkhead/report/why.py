"""`--isolate-why`: each group of tests, how its processes were started, and what it took."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pytest_bulkhead.core.grouping import Group


def why_lines(
    groups: Iterable[Group],
    starts: Mapping[int, Sequence[bool]],
    seconds: Sequence[float],
    why_spawn: str,
) -> Iterator[str]:
    """Yield a line for each group, in the order of their first tests.

    Args:
        groups: all of them.
        starts: {group: of each of its processes, whether it was forked}.
        seconds: of each item, all phases together.
        why_spawn: why processes were not forked.
    """
    for group in groups:
        took = sum(seconds[item] for item in group.items)
        how = ", then ".join(_runs(starts.get(group.id, ()), why_spawn)) or "no process was needed"
        tests = _count(len(group.items), "test")
        yield f"{group.scope}: {group.name}: {tests}, {took:.2f} s; {how}"


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

"""From items to groups, and from groups to shares.

A **group** is the tests that one worker serves, in collection order. They share its process; or,
in a **staged** group, they share what the worker has set up, and those of each **cell** share a
process that it forks. A **share** is what a worker is given at once: all of a group, or a part.

Why shares exist: with one worker the tests run in plain pytest's order, and that order may leave a
group and come back to it, so the group is given out run by run while its process waits. And a
session-wide group, or a staged one, under `-n 4` may be served by four workers, module by module.

Invariants:

- Every item is in exactly one group, and in exactly one share of that group.
- A group that is not divisible is served by one process at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.levels import Level, tighter


class Group(NamedTuple):
    """Tests that one worker serves."""

    id: int
    #: Named for people: the instance of the scope, and the group mark's name.
    name: str
    items: tuple[int, ...]
    #: Several workers may serve it at once, under `-n`: each then has all wide fixtures it needs.
    divisible: bool = False
    #: The level at which its tests are isolated, as a word.
    scope: str = "session"
    #: Its worker forks a process for each cell.
    staged: bool = False


class Share(NamedTuple):
    """Tests of one group that a worker is given at once."""

    id: int
    group: int
    items: tuple[int, ...]


def form_groups(
    items: Sequence[Item], level: Level, workers: int, *, staged: bool = False
) -> list[Group]:
    """Put items into groups.

    Args:
        items: all items, in collection order.
        level: the run's isolation level; an item's own may be tighter.
        workers: how many tests may run at once.
        staged: workers can fork a process for each test.
    """
    members: dict[tuple[str, ...], list[int]] = {}
    for item in items:
        own = tighter(level, item.level)
        key = (own.word, *_STAGED) if staged and own.narrow else _key(item, own)
        members.setdefault(key, []).append(item.index)
    return [
        Group(
            number, _name(key), tuple(indices),
            divisible=workers > 1 and (key == _SESSION or key[1:] == _STAGED),
            scope=key[0], staged=key[1:] == _STAGED,
        )
        for number, (key, indices) in enumerate(members.items())
    ]  # fmt: skip


_SESSION = ("session", "", "")
#: What stands behind the scope in the key of a staged group.
_STAGED = ("*", "")


def cut_cells(indices: Sequence[int], items: Sequence[Item], scope: str) -> tuple[int, ...]:
    """Return the sizes of the cells of a staged group's items: runs that share a process.

    Args:
        indices: items of the group, in the order in which they are to run.
        items: all items.
        scope: the group's.
    """
    if scope != Level.CLASS.word:
        return (1,) * len(indices)
    sizes: list[int] = []
    last: tuple[str, str, int] | None = None
    for index in indices:
        key = (items[index].scopes.cls, items[index].group or "", index)
        if last is not None and key[0] and key[:2] == last[:2] and index == last[2] + 1:
            sizes[-1] += 1
        else:
            sizes.append(1)
        last = key
    return tuple(sizes)


def _key(item: Item, level: Level) -> tuple[str, ...]:
    # The group's name stands behind the scope's instance: a group may only tighten, so under
    # `module` isolation the tests of one group in two modules stay apart.
    group = item.group or ""
    if level is Level.SESSION:
        return ("session", "", group)
    if level is Level.PACKAGE:
        return ("package", item.scopes.package, group)
    if level is Level.MODULE:
        return ("module", item.scopes.module, group)
    if level is Level.CLASS and item.scopes.cls:
        return ("class", item.scopes.cls, group)
    return ("function", str(item.index), item.nodeid)


def _name(key: tuple[str, ...]) -> str:
    scope, instance, group = key
    if instance == "*":
        return f"each {scope}"
    if scope == "function":
        return group
    place = instance or scope
    return f"{place} (group {group})" if group else place


def form_shares(groups: Sequence[Group], items: Sequence[Item], workers: int) -> list[Share]:
    """Cut groups into shares, in plain pytest's order with one worker, else whole."""
    cut = _runs_in_order(groups, len(items)) if workers == 1 else _pieces(groups, items, workers)
    return [Share(number, group, indices) for number, (group, indices) in enumerate(cut)]


def _runs_in_order(groups: Sequence[Group], count: int) -> Iterator[tuple[int, tuple[int, ...]]]:
    owner = [0] * count
    for group in groups:
        for index in group.items:
            owner[index] = group.id
    start = 0
    for index in range(1, count + 1):
        if index == count or owner[index] != owner[start]:
            yield owner[start], tuple(range(start, index))
            start = index


def _pieces(
    groups: Sequence[Group], items: Sequence[Item], workers: int
) -> Iterator[tuple[int, tuple[int, ...]]]:
    for group in groups:
        if not group.divisible:
            yield group.id, group.items
            continue
        fair = -(-len(group.items) // workers)
        for module in _by_module(group.items, items):
            # A module is cut only when it alone is more than a worker's fair part: cutting sets
            # its module fixtures up in several processes.
            piece = fair if group.staged else fair // 4
            size = len(module) if len(module) <= fair else max(1, piece)
            for start in range(0, len(module), size):
                yield group.id, tuple(module[start : start + size])


def _by_module(indices: Iterable[int], items: Sequence[Item]) -> Iterator[list[int]]:
    run: list[int] = []
    for index in indices:
        if run and items[index].scopes.module != items[run[-1]].scopes.module:
            yield run
            run = []
        run.append(index)
    if run:
        yield run

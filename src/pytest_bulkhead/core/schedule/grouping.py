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
from pytest_bulkhead.core.resources.needs import NOTHING, Needs, join_needs


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
    #: What each of its workers takes.
    needs: Needs = NOTHING

    @property
    def wants_fresh(self) -> bool:
        """Whether its process is to be a fresh interpreter even where forking is safe.

        It takes a GPU, and what it imports is to see no other one from the first. A process for
        each test would cost that each time.
        """
        return bool(self.needs.gpus) and not Level[self.scope.upper()].narrow


class Share(NamedTuple):
    """Tests of one group that a worker is given at once."""

    id: int
    group: int
    items: tuple[int, ...]


class _Key(NamedTuple):
    """What the tests of a group have in common."""

    scope: str
    #: The node of that scope; empty for the session, and for a staged group.
    instance: str = ""
    #: The mark's name. It stands behind the instance: a group may only tighten, so under `module`
    #: isolation the tests of one group in two modules stay apart.
    group: str = ""
    staged: bool = False
    #: What its tests take, where those that take something else are kept apart.
    needs: Needs = NOTHING

    @property
    def divisible(self) -> bool:
        """Whether several workers may serve the group.

        One that locks something has no two at once, and would be set up anew each time that it
        makes way, between two of its shares, for another group that can't run beside it.
        """
        narrower = self.instance or self.group or self.needs.gpus or self.needs.exclusive
        return self.staged or (self.scope == "session" and not narrower)

    @property
    def name(self) -> str:
        """The group's name."""
        if self.scope == "function" and not self.staged:
            return self.group
        place = f"each {self.scope}" if self.staged else self.instance or self.scope
        notes = [f"group {self.group}"] if self.group else []
        notes += [self.needs.text] if self.needs != NOTHING else []
        return f"{place} ({'; '.join(notes)})" if notes else place


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
    keys = [_key(item, tighter(level, item.level), staged) for item in items]
    if any(item.needs != NOTHING for item in items):
        keys = _keep_apart(keys, items, several=workers > 1)
    members: dict[_Key, list[int]] = {}
    for item, key in zip(items, keys, strict=True):
        members.setdefault(key, []).append(item.index)
    return [
        Group(
            number, key.name, tuple(indices),
            divisible=workers > 1 and key.divisible, scope=key.scope, staged=key.staged,
            needs=join_needs(items[index].needs for index in indices),
        )
        for number, (key, indices) in enumerate(members.items())
    ]  # fmt: skip


def _key(item: Item, level: Level, staged: bool) -> _Key:
    group = item.group or ""
    if staged and level.narrow:
        return _Key(level.word, staged=True)
    if level is Level.SESSION:
        return _Key("session", "", group)
    if level is Level.PACKAGE:
        return _Key("package", item.scopes.package, group)
    if level is Level.MODULE:
        return _Key("module", item.scopes.module, group)
    if level is Level.CLASS and item.scopes.cls:
        return _Key("class", item.scopes.cls, group)
    return _Key("function", str(item.index), item.nodeid)


def _keep_apart(keys: Sequence[_Key], items: Sequence[Item], *, several: bool) -> list[_Key]:
    """Keep tests apart whose needs differ, where the level leaves open who shares a process.

    Each module that takes a GPU has a process of its own, when there is more than one; whatever
    else is taken matters only with several workers, for one alone waits for nobody. What the level
    keeps together stays so: a module is never cut by what its tests need. What takes a GPU is not
    staged: the memory that one cell had has to be back before the next one begins.
    """
    units: dict[tuple[_Key, str], list[Needs]] = {}
    of_item = [(key, _unit(item, key)) for key, item in zip(keys, items, strict=True)]
    for unit, item in zip(of_item, items, strict=True):
        units.setdefault(unit, []).append(item.needs)
    joined = {unit: join_needs(found) for unit, found in units.items()}
    on_gpu = {unit for unit, needs in joined.items() if _is_open(unit[0]) and needs.gpus}
    apart = on_gpu if len(on_gpu) > 1 else set()
    return [
        _key(item, Level[unit[0].scope.upper()], staged=False)
        if unit[0].staged and joined[unit].gpus
        else _apart(unit, joined[unit], alone=unit in apart, several=several)
        for unit, item in zip(of_item, items, strict=True)
    ]


def _is_open(key: _Key) -> bool:
    """Whether a group is the whole session, which its module may leave."""
    return key == _Key("session")


def _unit(item: Item, key: _Key) -> str:
    """Return what of a divisible group stays together; nothing of others is divided."""
    if not key.divisible:
        return ""
    if key.staged:
        return (key.scope == "class" and item.scopes.cls) or item.nodeid
    return item.scopes.module


def _apart(unit: tuple[_Key, str], needs: Needs, *, alone: bool, several: bool) -> _Key:
    key, place = unit
    if alone:
        return _Key("session", place)
    return key._replace(needs=needs) if several and key.divisible else key


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

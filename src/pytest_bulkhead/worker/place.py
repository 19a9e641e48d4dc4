"""Which fixtures a stage sets up, and for which cells one child of it is.

Theory of operation: a stage sets up what its cells need at its node, and has a run of cells below a
narrower node done by one child. Where those cells need several values of a wider fixture with
parameters, one after another, and no cell outside does, that fixture **sinks**: it is set up in the
child, which can go from one value to the next while the narrower fixtures stand, as plain pytest
does.

Knows nothing of processes, nor of what is set up: it reads needs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from typing import Any, NamedTuple

import pytest

from pytest_bulkhead.compat import fixtures
from pytest_bulkhead.worker.needs import Need, Needs, Param, merge

#: The items of a cell: they share a process.
Cell = tuple[int, ...]


class Block(NamedTuple):
    """The cells that one child is for."""

    cells: list[Cell]
    #: The narrower node whose fixtures the child sets up for them; None for a cell that needs none.
    node: Any = None


class Place:
    """A node, and what has sunk to it."""

    def __init__(
        self,
        node: Any,  # noqa: ANN401 - a pytest.Node
        items: Sequence[pytest.Item],
        needs: Needs,
        sunk: Collection[Param] = (),
    ) -> None:
        self.node = node
        self._items = items
        self._needs = needs
        self._sunk = frozenset(sunk)
        self._depth = _depth(node)

    def below(self, block: Block) -> Place | None:
        """Return the place of the stage that a block is for; None when that is one cell."""
        if block.node is None or len(block.cells) == 1:
            return None
        return Place(block.node, self._items, self._needs, self._sunk | self._spread(block.cells))

    def own(self, index: int) -> Need | None:
        """Return what a test needs here."""
        needs = self._needs.of(index, self._items[index])
        if not self._sunk:
            return next((need for need in needs if need.node is self.node), None)
        above = (need.only(self._sunk) for need in needs if self._is_above(need))
        return merge(self.node, [*above, *(need for need in needs if need.node is self.node)])

    def _is_above(self, need: Need) -> bool:
        return _depth(need.node) < self._depth

    def wanted(self, cells: Sequence[Cell]) -> Iterator[tuple[int, Need]]:
        """Yield what has to stand here before a child is forked for these cells."""
        sinking = self._spread(cells)
        for index in (index for cell in cells for index in cell):
            if fixtures.has_failed(self._items[index]):
                continue  # plain pytest, too, sets nothing narrower up for this test
            need = self.own(index)
            left = need.without(sinking) if need is not None and sinking else need
            if left is not None and (left.wanted or self._needs.acts_itself(self.node)):
                yield index, left

    def narrower(self, cell: Cell) -> Any:  # noqa: ANN401 - a node, or None
        """Return the widest node below ours at which a cell needs something."""
        nodes = (need.node for index in cell for need in self._needs_below(index))
        return min(nodes, key=_depth, default=None)

    def _needs_below(self, index: int) -> Iterator[Need]:
        needs = self._needs.of(index, self._items[index])
        return (need for need in needs if _depth(need.node) > self._depth)

    def next_block(self, cells: Sequence[Cell], standing: Mapping[Param, int]) -> Block:
        """Return the cells, from the first on, that one child is for.

        Args:
            cells: all that are left.
            standing: {parameter: its value} of what is set up here.
        """
        alone, params = Block([cells[0]]), {param for param, _value in self._values([cells[0]])}
        narrower = self.narrower(cells[0])
        if narrower is None and not params:
            return alone
        node, run = self._run_below(narrower, cells)
        sinking = self._sinking(run, islice(cells, len(run), None), standing)
        if narrower is None and sinking.isdisjoint(params):
            return alone
        met: dict[Param, int] = {}
        block: list[Cell] = []
        for cell in run:
            values = [one for one in self._values([cell]) if one[0] not in sinking]
            at_odds = any(met.setdefault(param, value) != value for param, value in values)
            clashes = self._clashes(cell, standing)
            if block and (at_odds or clashes):
                break
            standing = {} if clashes else standing  # what clashes ends before this block begins
            block.append(cell)
        return Block(block, node)

    def _sinking(
        self, run: Sequence[Cell], others: Iterable[Cell], standing: Mapping[Param, int]
    ) -> frozenset[Param]:
        """Return the parameters whose fixtures are set up in the child that a run is for.

        Not when its first value stands here; nor when others need any: in plain pytest its teardown
        is then a part of their set-up.
        """
        spread = self._spread(run)
        if not spread:
            return spread
        first = dict(reversed(list(self._values(run))))
        kept = {param for param, _value in self._values(others)}
        return spread - kept - {param for param in spread if first[param] == standing.get(param)}

    def _run_below(self, narrower: Any, cells: Sequence[Cell]) -> tuple[Any, list[Cell]]:  # noqa: ANN401
        """Return the cells below a node; below a wider one when one of the next needs that first.

        A class whose first test needs the class's fixtures alone may have others that need the
        module's: in a stage of the class, each of those would set them up by itself.
        """
        chain = self._items[cells[0][0]].listchain()
        for node in chain[self._depth : -1 if narrower is None else chain.index(narrower)]:
            run = list(self._cells_below(node, cells))
            needs = (need for cell in run for index in cell for need in self._needs_below(index))
            if any(need.node is node for need in needs):
                return node, run
        return narrower, list(self._cells_below(narrower, cells)) if narrower else [cells[0]]

    def _cells_below(self, node: Any, cells: Sequence[Cell]) -> Iterator[Cell]:  # noqa: ANN401
        return takewhile(lambda cell: node in self._items[cell[0]].listchain(), cells)

    def _values(self, cells: Iterable[Cell]) -> Iterator[tuple[Param, int]]:
        for index in (index for cell in cells for index in cell):
            own = self.own(index)
            yield from own.params.items() if own is not None else ()

    def _spread(self, cells: Sequence[Cell]) -> frozenset[Param]:
        """Return the parameters of which these cells need several values here."""
        if len(cells) == len(cells[0]) == 1:
            return frozenset()
        first: dict[Param, int] = {}
        return frozenset(
            p for p, value in self._values(cells) if first.setdefault(p, value) != value
        )

    def clashing(self, cells: Sequence[Cell], standing: Mapping[Param, int]) -> frozenset[Param]:
        """Return what must not stand here while a child sets up another value of it."""
        below = frozenset(param for cell in cells for param in self._clashes(cell, standing))
        return below | (self._spread(cells) & standing.keys())

    def first_user(self, cells: Sequence[Cell], params: Collection[Param]) -> int:
        """Return the first test that needs a value of one of some parameters."""
        return next(
            index
            for cell in cells
            for index in cell
            for need in self._needs.of(index, self._items[index])
            if not need.params.keys().isdisjoint(params)
        )

    def _clashes(self, cell: Cell, standing: Mapping[Param, int]) -> list[Param]:
        """Return the parameters of which a cell needs another value, at narrower nodes alone."""
        if not standing:
            return []
        below = [need for index in cell for need in self._needs_below(index)]
        changed = {
            p
            for need in below
            for p, value in need.params.items()
            if p in standing and standing[p] != value
        }
        return [] if not changed else list(changed - {p for p, _value in self._values([cell])})


def _depth(node: Any) -> int:  # noqa: ANN401 - a pytest.Node
    return len(node.listchain())

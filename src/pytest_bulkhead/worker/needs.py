"""What a test needs of fixtures that are wider than its cell: by node, from wide to narrow.

Knows nothing of processes: it only reads what pytest has collected.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import pytest

from pytest_bulkhead.compat import fixtures
from pytest_bulkhead.core.levels import Level

#: Fixtures of these packages hold nothing worth sharing; a test sets them up by itself.
_LIGHT = ("_pytest.", "xdist.")
#: Except for those by which pytest calls `setup_module`, `setUpClass` and their like.
_XUNIT = ("_xunit_", "_unittest_")


#: A parameter: its name, and the identity of the fixture that it is given to.
Param = tuple[str, int]


class Wanted(NamedTuple):
    """A fixture that a test needs."""

    name: str
    #: How many of that name override it for this test.
    overridden: int
    #: Identities of its definition and those of its dependencies.
    definitions: frozenset[int]
    #: The parameters of those.
    params: frozenset[Param]
    #: It is a shared model.
    is_model: bool = False


class Need(NamedTuple):
    """What a test needs at one node."""

    #: Whose fixtures they are; they live until the last test below it.
    node: pytest.Collector | pytest.Session
    wanted: tuple[Wanted, ...]
    #: {parameter: which value} of those fixtures, their dependencies included.
    params: dict[Param, int]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the fixtures."""
        return tuple(one.name for one in self.wanted)

    def only(self, params: Collection[Param]) -> Need:
        """Return what of this depends on some parameters."""
        return self._of(one for one in self.wanted if not one.params.isdisjoint(params))

    def without(self, params: Collection[Param]) -> Need:
        """Return what of this does not depend on them."""
        return self._of(one for one in self.wanted if one.params.isdisjoint(params))

    def _of(self, wanted: Iterable[Wanted]) -> Need:
        kept = tuple(wanted)
        params = {param: self.params[param] for one in kept for param in one.params}
        return Need(self.node, kept, params)

    def agrees(self, other: Need) -> bool:
        """Whether both can be met at the same time."""
        return all(other.params.get(name, value) == value for name, value in self.params.items())


def merge(node: Any, needs: Sequence[Need]) -> Need | None:  # noqa: ANN401 - a pytest.Node
    """Return several needs as one of this node; None when there are none."""
    wanted = tuple(one for need in needs for one in need.wanted)
    params = {param: value for need in needs for param, value in need.params.items()}
    return (
        Need(node, wanted, params) if wanted or any(need.node is node for need in needs) else None
    )


class Needs:
    """The needs of tests, each found out once."""

    def __init__(self, narrowest: Level, unstaged: Collection[str]) -> None:
        """Begin.

        Args:
            narrowest: the level of the cells; fixtures of that scope are set up inside.
            unstaged: names of fixtures that every cell sets up by itself.
        """
        self._narrowest = narrowest
        self._unstaged = frozenset(unstaged)
        self._known: dict[int, tuple[Need, ...]] = {}
        self._acts: dict[Any, bool] = {}
        #: {value of a parameter: its number}
        self._values: dict[object, int] = {}

    def of(self, index: int, item: pytest.Item) -> tuple[Need, ...]:
        """Return the needs of a test, the widest node first."""
        if index not in self._known:
            self._known[index] = tuple(self._find(item)) if fixtures.has_fixtures(item) else ()
        return self._known[index]

    def _find(self, item: pytest.Item) -> Iterator[Need]:
        found: dict[Any, list[fixtures.WideFixture]] = {}
        for fixture in fixtures.wide_fixtures(item):
            if self._is_staged(item, fixture):
                found.setdefault(fixture.node, []).append(fixture)
        for node in item.listchain()[:-1]:
            own = found.get(node, [])
            if own or self.acts_itself(node):
                params = {key: self._number(one.params[key]) for one in own for key in one.params}
                yield Need(node, tuple(map(_wanted, own)), params)  # type: ignore[arg-type]

    def _number(self, value: object) -> int:
        """Return the same number for the same value, as pytest compares them."""
        try:
            return self._values.setdefault(value, len(self._values))
        except Exception:  # noqa: BLE001 - a value of a user that does not hash
            return -id(value)

    def acts_itself(self, node: Any) -> bool:  # noqa: ANN401 - a pytest.Node
        """Whether a node does something itself before the first test below it."""
        if node not in self._acts:
            self._acts[node] = fixtures.has_own_setup(node)
        return self._acts[node]

    def _is_staged(self, item: pytest.Item, fixture: fixtures.WideFixture) -> bool:
        if Level[fixture.scope.upper()] >= self._narrowest or fixture.node is item:
            return False
        if fixture.module.startswith(_LIGHT) and not fixture.name.startswith(_XUNIT):
            return False
        return not fixture.unstaged and self._unstaged.isdisjoint(fixture.closure)


def _wanted(fixture: fixtures.WideFixture) -> Wanted:
    params = frozenset(fixture.params)
    return Wanted(fixture.name, fixture.overridden, fixture.definitions, params, fixture.is_model)

"""The template's collection: what was found, told to the controller in its own terms."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence
from typing import Any

import pytest

from pytest_bulkhead.core import marks
from pytest_bulkhead.core.guards.findings import LEAVES, read_leaves
from pytest_bulkhead.core.known import value_or
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.marks import Mark, Wish, read_marks
from pytest_bulkhead.guards.asked import read_asked
from pytest_bulkhead.needing import plain_capacity, plain_needs
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.values import to_plain
from pytest_bulkhead.recorder import record_warning
from pytest_bulkhead.stubbed_files import floor_of
from pytest_bulkhead.system.endpoint import Endpoint
from pytest_bulkhead.system.environ import first_read_of
from pytest_bulkhead.template.common import common_modules


class CollectionPlugin:
    """Tells what the collection in the template finds."""

    def __init__(self, config: pytest.Config, endpoint: Endpoint) -> None:
        self._config = config
        self.endpoint = endpoint
        #: In a worker, which has no business with the template's channel.
        self.deaf = False
        self.deselected = 0
        self.lines: list[str] = []

    @pytest.hookimpl(trylast=True)
    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.outcome != "passed":
            self.endpoint.send(msg.CollectReported(_serialise(self._config, report)))

    def pytest_deselected(self, items: Sequence[pytest.Item]) -> None:
        self.deselected += len(items)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_report_collectionfinish(self) -> Generator[None, list[Any], list[Any]]:
        found = yield
        for lines in reversed(found):
            self.lines += [lines] if isinstance(lines, str) else map(str, lines)
        return found

    @pytest.hookimpl(trylast=True)
    def pytest_warning_recorded(
        self,
        warning_message: Any,  # noqa: ANN401 - warnings.WarningMessage, private in typeshed
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        if not self.deaf:
            self.endpoint.send(record_warning(warning_message, when, nodeid, location))


def _serialise(config: pytest.Config, report: pytest.CollectReport) -> Any:  # noqa: ANN401 - JSON
    data = config.hook.pytest_report_to_serializable(config=config, report=report)
    # What an import error is described by is an object without a crash line, so the short summary
    # has none for it; as a text it would get its first line.
    bare = isinstance(data["longrepr"], str) and not isinstance(report.longrepr, str)
    return to_plain({**data, "bulkhead_bare": bare})


def gather(
    session: pytest.Session, plugin: CollectionPlugin, why_spawn: str, *, spawns: bool
) -> msg.Gathered:
    """Describe the collected items.

    Args:
        session: of the template.
        plugin: what it heard in collection.
        why_spawn: why the template may not be forked.
        spawns: workers are spawned, for that or another reason.

    Raises:
        UsageProblem: a mark of a test, or an ini key of guards, asks for what cannot be.
    """
    read_asked(session.config.getini)
    reader = _Reader()
    rows = [reader.row(item) for item in session.items]
    locations = [list(item.location) for item in session.items]
    common = common_modules(session.items) if spawns else []
    return msg.Gathered(
        rows, locations, plugin.deselected, tuple(plugin.lines), why_spawn,
        bool(value_or(first_read_of("PYTEST_XDIST_WORKER"), "unknown")), common,
        plain_capacity(session.config),
    )  # fmt: skip


class _Reader:
    """Describes items; what their parents say is read once for each parent."""

    def __init__(self) -> None:
        self._scopes: dict[pytest.Collector | None, tuple[str, str, str]] = {}
        self._marked: dict[pytest.Collector | None, list[Mark]] = {}

    def row(self, item: pytest.Item) -> list[object]:
        """Return a row of `Gathered.items`."""
        parent = item.parent
        if parent not in self._scopes:
            self._scopes[parent] = tuple(  # type: ignore[assignment]
                _nodeid(item, kind) for kind in (pytest.Package, pytest.File, pytest.Class)
            )
            self._marked[parent] = _marks_above(item)
            _check_leaves(item, item.iter_markers(LEAVES))
        elif item.own_markers:
            _check_leaves(item, item.own_markers)
        wish = self._wish(item, self._marked[parent])
        return [
            item.nodeid, *self._scopes[parent], int(_level(item, wish)), wish.group or "",
            -1.0 if wish.timeout is None else wish.timeout, plain_needs(item),
        ]  # fmt: skip

    def _wish(self, item: pytest.Item, above: list[Mark]) -> Wish:
        own = [
            Mark(mark.name, mark.args, mark.kwargs, item.nodeid)
            for mark in item.own_markers
            if mark.name in marks.NAMES
        ]
        return read_marks(item.nodeid, own + above) if own or above else _NO_WISH


def _level(item: pytest.Item, wish: Wish) -> Level:
    """Return the level that a test asks for, by its marks or by what it does to its process."""
    stubs = "stub_module" in getattr(item, "fixturenames", ())
    return Level.FUNCTION if stubs else floor_of(item, wish.level)


_NO_WISH = Wish(Level.SESSION)


def _nodeid(item: pytest.Item, kind: type[pytest.Collector]) -> str:
    node = item.getparent(kind)
    return node.nodeid if node is not None else ""


def _marks_above(item: pytest.Item) -> list[Mark]:
    return [
        Mark(mark.name, mark.args, mark.kwargs, node.nodeid)
        for node, mark in item.iter_markers_with_node()
        if node is not item and mark.name in marks.NAMES
    ]


def _check_leaves(item: pytest.Item, candidates: Iterable[pytest.Mark]) -> None:
    """Refuse marks `leaves` that name what is no guard: here, not when something was left."""
    found = [
        Mark(mark.name, mark.args, mark.kwargs, "") for mark in candidates if mark.name == LEAVES
    ]
    if found:
        from pytest_bulkhead.guards.registry import NAMES  # noqa: PLC0415 - see `guards.asked`

        read_leaves(item.nodeid, found, NAMES)

"""Which tests had run in a test's process before it: the events of a run in, tests out.

What a run was like is not known here, nor how a test ended: with any level, any number of workers
and any order, it is told by who started where.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.item import Item


def predecessors(events: Iterable[ev.Event]) -> dict[str, tuple[str, ...]]:
    """Return, of each test that was started, the tests before it in its process.

    Args:
        events: of a run, in order.

    Returns:
        {node id: node ids, in the order in which they ran}. Of a test that was run again, the
        first time counts: the others were not what the run was about.
    """
    items: tuple[Item, ...] = ()
    running: dict[int, list[str]] = {}
    found: dict[str, tuple[str, ...]] = {}
    for event in events:
        if isinstance(event, ev.Collected):
            items = items or event.items
        elif isinstance(event, ev.TestStarted):
            before = [] if event.fresh else running.get(event.worker, [])
            nodeid = items[event.item].nodeid
            found.setdefault(nodeid, tuple(before))
            running[event.worker] = [*before, nodeid]
    return found

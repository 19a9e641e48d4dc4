"""Which tests had run in a test's process before it: the events of a run in, tests out.

What a run was like is not known here, nor how a test ended: with any level, any number of workers
and any order, it is told by who started where.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.item import Item


def predecessors(events: Iterable[ev.Event], nodeid: str) -> tuple[str, ...] | None:
    """Return the tests before one in its process, in the order in which they ran.

    Args:
        events: of a run, in order.
        nodeid: the test. Of one that was run again, the first time counts: the others were not
            what the run was about.

    Returns:
        Their node ids; None when the test was not started.
    """
    items: tuple[Item, ...] = ()
    running: dict[int, list[int]] = {}
    for event in events:
        if isinstance(event, ev.Collected):
            items = items or event.items
        elif isinstance(event, ev.TestStarted):
            if event.fresh:
                running.pop(event.worker, None)
            before = running.setdefault(event.worker, [])
            if items[event.item].nodeid == nodeid:
                return tuple(items[index].nodeid for index in before)
            before.append(event.item)
    return None

"""Specification of `core.again.predecessors`."""

from __future__ import annotations

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.again.predecessors import predecessors

from ..suites import items


def told(*events):
    suite = tuple(items("a a a a"))
    happened = [ev.Begun(), ev.Collected(1, suite), *events]
    found = {item.nodeid: predecessors(happened, item.nodeid) for item in suite}
    return {nodeid: before for nodeid, before in found.items() if before is not None}


def test_those_of_the_same_process():
    """In the order in which they ran there, whatever other workers do meanwhile."""
    started = ((1, 2), (2, 1), (1, 0), (2, 3))
    found = told(*(ev.TestStarted(worker, item) for worker, item in started))

    assert found == {"a::t2": (), "a::t1": (), "a::t0": ("a::t2",), "a::t3": ("a::t1",)}


def test_a_fresh_process_below_the_same_worker():
    """Begins with nobody."""
    found = told(
        ev.TestStarted(1, 0, fresh=True), ev.TestStarted(1, 1), ev.TestStarted(1, 2, fresh=True)
    )

    assert found == {"a::t0": (), "a::t1": ("a::t0",), "a::t2": ()}


def test_a_test_that_was_run_again():
    """The first time counts, for both it and those after it; the list of tests is the first one."""
    again = ev.Collected(2, ())
    found = told(
        ev.TestStarted(1, 0), ev.TestStarted(1, 1), again, ev.Requeued(1), ev.TestStarted(2, 1)
    )

    assert found == {"a::t0": (), "a::t1": ("a::t0",)}

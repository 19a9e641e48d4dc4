"""Specification of `core.resources.holders`."""

from __future__ import annotations

from pytest_bulkhead.core.resources.holders import SLACK, Holder, Look, holders, taken

BEFORE = Look(500, {7: 300})
FULL = Look(500 + 10**9, {7: 300, 21: 10**9})


def test_pids_tell_once_one_of_ours_was_named():
    """A stranger's memory, old or new, is nobody's concern."""
    assert holders(BEFORE, FULL, {21}, set(), alone=True) == [Holder(21, 10**9)]
    assert holders(BEFORE, FULL, {20}, set(), alone=True) == []


def test_what_a_test_has_left_running_holds_too():
    """It need never have been seen while its test ran."""
    assert holders(BEFORE, FULL, set(), {21}, alone=False) == [Holder(21, 10**9)]


def test_where_pids_tell_nothing_what_is_in_use_does():
    """In a container: by how much more than before; where others have a part, not even that."""
    assert holders(BEFORE, FULL, set(), set(), alone=True) == [Holder(0, 10**9)]
    assert holders(BEFORE, FULL, set(), set(), alone=False) == []
    assert holders(BEFORE, Look(500 + SLACK, {}), set(), set(), alone=True) == []


def test_a_worker_has_taken_what_its_processes_hold():
    """By pids; else by how much more is in use than before."""
    assert taken(BEFORE, FULL, {21, 22}, alone=False) == 10**9
    assert taken(BEFORE, FULL, {22}, alone=True) == 10**9
    assert taken(BEFORE, FULL, {22}, alone=False) == 0
    assert taken(FULL, BEFORE, set(), alone=True) == 0

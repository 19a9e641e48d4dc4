"""Specification of `core.run.roster`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import dataclasses
from string import ascii_letters

import pytest

from pytest_bulkhead.core.actions import END, OPEN
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.resources.capacity import Capacity
from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.core.run.roster import STILLBORN_BUDGET, Roster
from pytest_bulkhead.core.run.worker import Stage, Step

from ..suites import items


def roster_for(text, level=Level.MODULE, workers=1):
    roster = Roster()
    roster.plan(items(text), Policy(level, workers))
    return roster


def engage(roster, capacity, can_start=True):
    """Give out one share; return (worker, items, then), or None when there is none to give."""
    share = roster.next_share(capacity, can_start)
    if share is None:
        return None
    worker = roster.parked(share.group) or roster.hire(share.group, forked=True)
    return worker, share.items, roster.give(worker, share)


def run_all(worker):
    """Let a worker run all that it was given."""
    if worker.stage is Stage.STARTING:
        worker.move(Step.JOINED)
    worker.queue.clear()
    worker.todo.clear()
    worker.move(Step.SHARE_DONE)


def test_without_a_plan_there_is_nothing():
    """Before the first collection there is no share and no worker."""
    roster = Roster()

    assert None is engage(roster, 4)
    assert ([], set(), 0) == (roster.waiting(), roster.due(), roster.busy)


def test_one_share_for_each_that_may_be_busy():
    """As many workers are hired as may be busy, each with the lowest free slot."""
    roster = roster_for("a b c", workers=2)
    (one, *first), (other, *second) = engage(roster, 2), engage(roster, 2)

    assert [(0,), END] == first
    assert [(1,), END] == second
    assert None is engage(roster, 2)
    assert [0, 1] == [one.slot, other.slot]


def test_a_free_slot_is_used_again():
    """A slot is free when its worker is gone; a worker's number is never used again."""
    roster = roster_for("a b c", workers=2)
    (one, *_), _ = engage(roster, 2), engage(roster, 2)
    one.todo.clear()
    roster.bury(one, stillborn=False, stopping=False)
    third, *_ = engage(roster, 2)

    assert (3, 0) == (third.id, third.slot)


def test_nobody_starts_without_a_template():
    """Where no worker can be started, only parked ones are given shares."""
    roster = roster_for("a b a")
    worker, *_ = engage(roster, 1)
    run_all(worker)

    assert None is engage(roster, 1, can_start=False)


def test_a_promise_names_the_next_item_of_the_group():
    """In plain order a worker is told which item follows in its process, and gets that."""
    roster = roster_for("a b a")
    one, items_one, then = engage(roster, 1)
    run_all(one)
    other, *_ = engage(roster, 1)
    run_all(other)
    again, items_again, end = engage(roster, 1)

    assert ((0,), 2) == (items_one, then)
    assert (one, (2,), END) == (again, items_again, end)


def test_plain_order_outweighs_idleness():
    """With one worker, a first share that cannot run holds back all others."""
    roster = roster_for("a b a c")
    one, *_ = engage(roster, 1)
    run_all(one)
    other, *_ = engage(roster, 1)
    run_all(other)
    one.condemn("garbage")

    assert None is engage(roster, 1)


def test_several_workers_pass_over_a_share_that_cannot_run():
    """With several, another group's share runs while one waits for its process."""
    roster = roster_for("a b", workers=2)
    one, *_ = engage(roster, 2)
    roster.pool.put_back(one.group, (0,))

    assert (1,) == engage(roster, 2)[1]


def test_a_divisible_group_has_several_workers():
    """The session is served by several workers, who do not know what follows."""
    roster = roster_for("a b c", Level.SESSION, workers=2)
    (one, *first), (other, *second) = engage(roster, 2), engage(roster, 2)

    assert one is not other
    assert [(0,), OPEN] == first
    assert [(1,), OPEN] == second


def test_a_share_is_sent_ahead_only_once():
    """A worker of the session has one share to run and one at hand, unless it must end."""
    roster = roster_for("a b c d e", Level.SESSION, workers=2)
    worker, *_ = engage(roster, 2)
    follower = roster.follower(worker, 2)
    roster.give(worker, follower)

    assert (1,) == follower.items
    assert None is roster.follower(worker, 2)

    worker.queue.popleft()

    assert (2,) == roster.follower(worker, 2).items

    worker.condemn("garbage")

    assert None is roster.follower(worker, 2)


@pytest.mark.parametrize(
    ("text", "level"), [("a b c", Level.SESSION), ("a b a b a b a b", Level.MODULE)]
)
def test_nothing_is_sent_ahead(text, level):
    """The last shares are kept for whoever is free, and those of other groups for their order."""
    roster = roster_for(text, level, workers=2)
    worker, *_ = engage(roster, 2)

    assert None is roster.follower(worker, 2)


def test_the_rest_of_a_dead_worker_waits_in_front():
    """What a worker had not run waits before all others."""
    roster = roster_for("a a b")
    worker, *_ = engage(roster, 1)
    worker.todo.popleft()
    roster.bury(worker, stillborn=False, stopping=False)

    assert [(1,), (2,)] == [share.items for share in roster.pool]
    assert {} == roster.workers


def test_nothing_waits_again_when_the_run_stops():
    """When no further test is to start, the rest is not put back."""
    roster = roster_for("a a b")
    worker, *_ = engage(roster, 1)
    roster.bury(worker, stillborn=False, stopping=True)

    assert [(2,)] == [share.items for share in roster.pool]


def test_a_group_is_given_up_after_stillbirths():
    """A group whose workers die one after another before a test is given up."""
    roster = roster_for("a a b")
    for _ in range(STILLBORN_BUDGET):
        assert (0, 1) == engage(roster, 1)[1]
        roster.bury(*roster.workers.values(), stillborn=True, stopping=False)

    assert [2] == roster.waiting()
    assert {2} == roster.due()


def test_a_finished_test_restores_the_budget():
    """Stillbirths count in a row only."""
    roster = roster_for("a")
    for _ in range(STILLBORN_BUDGET):
        worker, *_ = engage(roster, 1)
        roster.finished_test(worker.group)
        roster.bury(worker, stillborn=True, stopping=False)

    assert [0] == roster.waiting()


@pytest.mark.parametrize(
    ("expected", "capacity", "hurry"), [(True, 2, False), (False, 1, False), (True, 1, True)]
)
def test_an_idle_worker_is_let_go_when_its_turn_comes(expected, capacity, hurry):
    """Tearing a session down is work: it waits for a free place, unless there is a hurry."""
    roster = roster_for("a b a")
    one, *_ = engage(roster, 1)
    run_all(one)
    engage(roster, 1)
    roster.pool.clear()

    assert (one if expected else None) is roster.next_idle(capacity, hurry)


def test_a_worker_whose_group_has_shares_is_kept():
    """A parked worker is let go only when its group has nothing left."""
    roster = roster_for("a b a")
    one, *_ = engage(roster, 1)
    run_all(one)

    assert None is roster.next_idle(1, hurry=False)


def test_a_requeued_item_waits_behind_its_group():
    """An item that is asked for again never comes before one that was promised."""
    roster = roster_for("a b a")
    one, *_ = engage(roster, 1)
    run_all(one)
    roster.requeue(0)

    assert [(1,), (2,), (0,)] == [share.items for share in roster.pool]


def test_active_workers_leave_unasked():
    """A worker that leaves is busy, but no sign of too many."""
    roster = roster_for("a")
    worker, *_ = engage(roster, 1)
    worker.todo.clear()
    worker.move(Step.LEAVES)

    assert (1, 0) == (roster.busy, roster.active)


def test_what_thousands_of_groups_need_is_looked_at_once():
    """While all of them wait for one lock, a decision must not cost what each of them would."""
    looks = 0

    class Lock(str):
        def __hash__(self):
            nonlocal looks
            looks += 1
            return super().__hash__()

    needs = Needs(exclusive=(Lock("db"),))
    suite = [dataclasses.replace(one, needs=needs) for one in items(" ".join(ascii_letters))]
    roster = Roster()
    roster.plan(suite, Policy(Level.MODULE, 2), Capacity(4, 0))
    engage(roster, 2)
    looks = 0

    assert None is engage(roster, 2)
    assert looks < 2 * len(suite), "a look at one's needs to know them again"

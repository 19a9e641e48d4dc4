"""Specification of `core.run.pool`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.run.pool import Pool
from pytest_bulkhead.core.schedule.grouping import Share

SHARES = [Share(0, 0, (0,)), Share(1, 1, (1,)), Share(2, 0, (2,))]


def items_of(pool):
    return [share.items for share in pool]


def test_shares_wait_in_order():
    """A pool is its shares in the order in which they were given."""
    pool = Pool(SHARES)

    assert SHARES == list(pool)
    assert 3 == len(pool)


def test_peek_leaves_the_share():
    """The next share of a group is its oldest, and stays until it is taken."""
    pool = Pool(SHARES)

    assert [SHARES[0], SHARES[1], None] == [pool.peek(0), pool.peek(1), pool.peek(2)]
    assert 3 == len(pool)


def test_a_taken_share_is_gone():
    """What was taken is neither seen nor peeked at again."""
    pool = Pool(SHARES)
    pool.take(SHARES[0])
    pool.take(SHARES[1])

    assert [(2,)] == items_of(pool)
    assert [SHARES[2], None] == [pool.peek(0), pool.peek(1)]


def test_put_back_comes_first():
    """What lost its worker runs before all others, with a number of its own."""
    pool = Pool(SHARES)
    pool.put_back(1, (8, 9))

    assert [(8, 9), (0,), (1,), (2,)] == items_of(pool)
    assert Share(3, 1, (8, 9)) == pool.peek(1)


def test_put_behind_keeps_a_promise():
    """What is asked for again comes after the shares of its group, else before all others."""
    pool = Pool(SHARES)
    pool.put_behind(0, (7,))
    pool.put_behind(5, (8,))

    assert [(8,), (0,), (1,), (2,), (7,)] == items_of(pool)
    assert [SHARES[0], Share(4, 5, (8,))] == [pool.peek(0), pool.peek(5)]


def test_drop_removes_a_group():
    """A group that is dropped has no share left; one that has none may be dropped too."""
    pool = Pool(SHARES)
    pool.drop(0)
    pool.drop(7)

    assert [(1,)] == items_of(pool)
    assert None is pool.peek(0)


def test_clear_removes_all():
    """A cleared pool is empty and false."""
    pool = Pool(SHARES)
    pool.clear()

    assert [] == list(pool)
    assert not pool
    assert None is pool.peek(0)


@given(st.lists(st.tuples(st.sampled_from(["back", "behind", "take", "drop"]), st.integers(0, 2))))
def test_the_queue_of_a_group_is_its_part_of_the_order(steps):
    """Whatever is done, what peek returns is the first of the group in order."""
    pool = Pool(SHARES)
    for step, group in steps:
        share = pool.peek(group)
        if step == "take" and share is not None:
            pool.take(share)
        elif step == "drop":
            pool.drop(group)
        elif step != "take":
            (pool.put_back if step == "back" else pool.put_behind)(group, (9,))

        for number in range(3):
            assert pool.peek(number) == next((s for s in pool if s.group == number), None)

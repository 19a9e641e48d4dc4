"""Specification of `core.schedule.scheduling`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from pytest_bulkhead.core.schedule.grouping import Share
from pytest_bulkhead.core.schedule.scheduling import order_shares

from ..suites import items

SUITE = items("a b c d")
SHARES = [Share(number, number, (number,)) for number in range(4)]


def order(durations, workers=2, shares=SHARES):
    named = {SUITE[index].nodeid: seconds for index, seconds in durations.items()}
    return [share.id for share in order_shares(shares, SUITE, named, workers)]


def test_one_worker_keeps_plain_order():
    """With one worker durations change nothing."""
    assert [0, 1, 2, 3] == order({3: 9.0}, workers=1)


def test_without_durations_the_order_stays():
    """Nothing known means nothing changed."""
    assert [0, 1, 2, 3] == order({})


def test_the_longest_comes_first():
    """Known shares are ordered by their seconds, the longest first."""
    assert [2, 0, 3, 1] == order({0: 3.0, 1: 1.0, 2: 9.0, 3: 2.0})


def test_the_unknown_come_between_long_and_short():
    """Below the mean is short; what was never timed might be long."""
    assert [2, 0, 3, 1] == order({1: 1.0, 2: 9.0})


def test_a_share_with_an_unknown_test_is_unknown():
    """A share is known only when all its tests are."""
    shares = [Share(0, 0, (0, 1)), Share(1, 1, (2,)), Share(2, 2, (3,))]

    assert [1, 0, 2] == order({0: 99.0, 2: 9.0, 3: 1.0}, shares=shares)


def test_equal_shares_keep_their_order():
    """The order is total, so that a run can be replayed."""
    assert [0, 1, 2, 3] == order(dict.fromkeys(range(4), 1.0))

"""Specification of `core.run.returning`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.policy import GpuRelease
from pytest_bulkhead.core.resources.capacity import Capacity, Card, Grants
from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.core.run.returning import LATER_LOOK, LOOK, Returning

HELD = ev.CardsSeen(1, ("pid 9",))


class Talk:
    """A worker that has ended at 100 and held a GPU."""

    def __init__(self, policy="warn", grace=2.0):
        self.grants = Grants(Capacity(4, 0, (Card("0", "GPU-a", 8e9),)))
        self.grants.hold(1, Needs(gpus=1))
        self.returning = Returning(GpuRelease(policy, grace))
        self.grants.leave(1)
        self.begun = self.returning.begin(1, (5, 6), 100.0)

    def see(self, event, now, *, wanted=True):
        return self.returning.seen(event, self.grants, now, wanted=wanted)

    @property
    def free(self):
        return not self.grants.held and not self.returning


def test_a_gpu_is_looked_at_until_it_is_free():
    """At once, and a little later again, as often as it takes."""
    talk = Talk()
    assert talk.begun == [do.LookAtCards(1)]
    assert talk.returning.next_deadline() is None
    assert talk.see(HELD, 100.1) == []
    assert talk.returning.next_deadline() == pytest.approx(100.1 + LOOK)
    assert talk.returning.look_again(100.1) == []
    assert talk.returning.look_again(100.1 + LOOK) == [do.LookAtCards(1)]
    assert not talk.free
    assert talk.see(ev.CardsSeen(1), 100.2) == []
    assert talk.free


@pytest.mark.parametrize("policy", ["warn", "fail"])
def test_after_the_grace_period_the_holders_are_named(policy):
    """Then the GPU goes to the next group all the same."""
    talk = Talk(policy)

    assert talk.see(HELD, 102.0) == [do.ReportHeld(1, ("pid 9",), 2.0, (5, 6))]
    assert talk.free


def test_who_wants_to_wait_waits():
    """The holders are named once, and the GPU is looked at now and then."""
    talk = Talk("wait")

    assert len(talk.see(HELD, 102.0)) == 1
    assert talk.returning.next_deadline() == pytest.approx(102.0 + LATER_LOOK)
    assert talk.see(HELD, 110.0) == []
    assert not talk.free
    assert talk.see(ev.CardsSeen(1), 111.0) == []
    assert talk.free


def test_nobody_waits_for_what_no_test_wants():
    """After the last test the holders are named, and the run ends, whatever the policy."""
    talk = Talk("wait")

    assert talk.see(HELD, 101.0, wanted=False) == []
    assert len(talk.see(HELD, 102.0, wanted=False)) == 1
    assert talk.free

    late = Talk("wait")
    assert len(late.see(HELD, 102.0)) == 1
    assert late.see(HELD, 110.0, wanted=False) == []
    assert late.free

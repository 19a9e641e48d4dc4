"""Specification of `core.run.whereabouts`; how these fit into a run is told in test_run."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.run.worker import Stage
from pytest_bulkhead.errors import InvalidTransition

from ..talks import Talk


def test_a_worker_is_where_it_says():
    """Each word moves it on, and sets the clock for what follows."""
    talk = Talk()
    worker = talk.run.workers[1]
    talk.tell(ev.WorkerJoined(1))
    assert worker.stage is Stage.RUNNING
    talk.test(1, 0)
    talk.test(1, 1)
    talk.tell(ev.WorkerLeaving(1))
    assert worker.stage is Stage.LEAVING
    assert worker.deadline is not None


def test_nobody_joins_twice():
    """That is a bug of the shell."""
    talk = Talk()
    talk.tell(ev.WorkerJoined(1))

    with pytest.raises(InvalidTransition):
        talk.tell(ev.WorkerJoined(1))


def test_the_clock_stands_still_while_a_person_debugs():
    """And starts anew when the terminal comes back."""
    talk = Talk(timeout=5.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ev.TerminalLent(1))
    assert talk.run.workers[1].deadline is None
    talk.now += 100
    talk.tell(ev.TerminalReturned(1))
    assert talk.run.workers[1].deadline == talk.now + 5.0


def test_a_channel_that_closes_after_the_end_says_nothing():
    """Either may be heard first."""
    assert Talk().tell(ev.WorkerMuted(99, "closed")) == []

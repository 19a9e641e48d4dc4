"""Specification of `report.lives`: when the processes of a run began, worked and ended."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.item import Phase

from .journals import CRASH, STAGED, story


def test_the_instants_of_a_life():
    """Start-up, the life as a whole, and leaving; the collection before all."""
    lives = story().lives
    first, second = lives.of.values()

    assert lives.collection_seconds == pytest.approx(0.1)
    assert first.start_seconds == pytest.approx(0.1)
    assert (0.0, 0.2) == (first.leave_seconds, pytest.approx(second.leave_seconds))
    assert first.seconds == pytest.approx(0.8)


def test_how_a_life_ended():
    """One that crashed did not leave; what it died of is known, and where."""
    first, second = story().lives.of.values()

    assert (False, True) == (first.left, second.left)
    assert (1, Phase.CALL) == (first.crash.item, first.phase)
    assert second.crash is None


def test_a_life_that_goes_on_has_no_end():
    """Nor does it count seconds that nobody knows."""
    [life] = story(CRASH[:2]).lives.of.values()

    assert (None, 0.0, 0.0, 0.0) == (
        life.end, life.seconds, life.start_seconds, life.leave_seconds,
    )  # fmt: skip


def test_a_process_below_a_staged_worker_is_not_its_end():
    """It is counted, and the worker goes on."""
    [life] = story(STAGED, level="function", stage=True).lives.of.values()

    assert (1, None, True) == (life.fallen, life.crash, life.left)


def test_how_each_process_of_a_group_was_started():
    """One more after a crash, in order."""
    assert {0: [True, True]} == story().lives.starts
    assert {0: [False, False]} == story(start="spawn").lives.starts

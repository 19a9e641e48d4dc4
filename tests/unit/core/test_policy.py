"""Specification of `core.policy`."""

from __future__ import annotations

import dataclasses

import pytest

from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import Policy

from .suites import items


@pytest.mark.parametrize(
    ("limit", "general", "own"),
    [
        (None, None, None),
        (6.0, 5.0, None),
        (3.0, None, 2.0),
        (3.0, 5.0, 2.0),
        (None, 5.0, 0.0),
        (None, 0.0, None),
    ],
)
def test_a_mark_outweighs_the_option(limit, general, own):
    """A test's own limit counts, 0 is none, and the slack is added to what there is."""
    (item,) = items("a")
    policy = Policy(timeout=general, slack=1.0)

    assert limit == policy.limit_of(dataclasses.replace(item, timeout=own))


@pytest.mark.parametrize(
    ("level", "workers", "stage", "shares", "models"),
    [
        (Level.FUNCTION, 2, True, True, True),
        (Level.CLASS, 4, True, True, True),
        (Level.FUNCTION, 1, True, False, False),
        (Level.MODULE, 2, True, True, True),
        (Level.PACKAGE, 1, True, True, True),
        (Level.SESSION, 2, True, False, True),
        (Level.SESSION, 1, True, False, False),
        (Level.SESSION, 2, False, False, False),
        (Level.FUNCTION, 2, False, False, False),
        (Level.MODULE, 2, False, False, False),
    ],
)
def test_when_workers_share_the_sessions_fixtures(level, workers, stage, shares, models):
    """Where there are several, but for those of one staged worker, which sets them up itself.

    Where each worker is a session of its own, they share models and nothing else.
    """
    policy = Policy(level=level, workers=workers, stage=stage)
    assert (shares, models) == (policy.shares, policy.shares_models)

"""Specification of `core.item`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.item import Phase


@pytest.mark.parametrize("phase", Phase)
def test_a_test_owns_its_three_phases(phase):
    """Setup, call and teardown belong to a test, all else to none."""
    assert (phase.name in ("SETUP", "CALL", "TEARDOWN")) is phase.in_test


def test_every_phase_has_a_word():
    """Phases are told apart by the words that people read."""
    assert len(Phase) == len({phase.word for phase in Phase})

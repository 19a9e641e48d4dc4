"""Specification of `core.diagnosis.leaving`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.diagnosis.leaving import BECAME, CLOSED, FINALISED, LEFT, PIPE
from pytest_bulkhead.core.ends import LOST_CHANNEL, End
from pytest_bulkhead.core.item import Phase

from .crashes import certainty, crash, left

FATAL = "Fatal Python error: _enter_buffered_busy: could not acquire lock"


def test_finalisation_is_told_by_python():
    """In its own words, in two lines, and it was killed."""
    output = f"{FATAL}\nPython runtime state: finalizing (tstate=0x1)\n"
    grounds = FINALISED.judge(crash(6, output=output))

    assert certainty(grounds) == "certain"
    assert FATAL in grounds.reasons[0]
    assert FINALISED.judge(crash(6, output=f"{FATAL}\nPython runtime state: initialized")) is None
    assert FINALISED.judge(crash(code=0, output=output)) is None


def test_a_descriptor_that_was_closed_under_us():
    """By our own exit code, or by our own reason to end it."""
    assert certainty(CLOSED.judge(crash(code=LOST_CHANNEL))) == "certain"
    why = "it closed its result channel"
    assert certainty(CLOSED.judge(crash(9, killed_for=why))) == "likely"
    assert CLOSED.judge(crash(code=1)) is None


def test_a_broken_pipe_is_known_by_its_signal():
    """Who set the default action makes it certain."""
    default = left("signals", "the handler of SIGPIPE is the default")

    assert certainty(PIPE.judge(crash(13, left=default))) == "certain"
    assert certainty(PIPE.judge(crash(13))) == "likely"
    assert PIPE.judge(crash(11, left=default)) is None


def test_a_process_that_became_another_program():
    """By the name that the kernel had for it."""
    grounds = BECAME.judge(crash(end=End(0, became="true")))

    assert certainty(grounds) == "likely"
    assert "'true'" in grounds.reasons[0]
    assert BECAME.judge(crash(code=0)) is None


@pytest.mark.parametrize(
    ("sure", "evidence"),
    [
        ("certain", crash(code=0)),
        ("certain", crash(code=3)),
        ("", crash(code=LOST_CHANNEL)),
        ("", crash(code=3, phase=Phase.LEAVING)),
        ("", crash(code=0, timed_out=True)),
        ("", crash(11)),
        ("", crash()),
    ],
)
def test_a_process_that_left_by_itself(sure, evidence):
    """In the middle of a test, with an exit code that is none of ours."""
    assert certainty(LEFT.judge(evidence)) == sure

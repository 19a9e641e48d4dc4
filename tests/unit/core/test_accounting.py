"""Specification of `core.accounting`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.errors import InvalidTransition


def opened(*reports):
    """Return a ledger whose item 0 is in hand and has reported."""
    ledger = Ledger(2)
    ledger.start(0)
    for when, outcome, *xfail in reports:
        ledger.report(0, when, outcome, bool(xfail))
    return ledger


SET_UP, DOWN = ("setup", "passed"), ("teardown", "passed")
BAD_DOWN = ("teardown", "failed")


@pytest.mark.parametrize(
    ("state", "reports"),
    [
        (State.PASSED, [SET_UP, ("call", "passed"), DOWN]),
        (State.FAILED, [SET_UP, ("call", "failed"), DOWN]),
        (State.FAILED, [("setup", "failed"), DOWN]),
        (State.SKIPPED, [("setup", "skipped"), DOWN]),
        (State.SKIPPED, [SET_UP, ("call", "skipped"), DOWN]),
        (State.XFAILED, [SET_UP, ("call", "skipped", "xfail"), DOWN]),
        (State.XFAILED, [("setup", "skipped", "xfail"), DOWN]),
        (State.XPASSED, [SET_UP, ("call", "passed", "xfail"), DOWN]),
        (State.PASSED, [SET_UP, ("call", "passed"), BAD_DOWN]),
        (State.FAILED, [SET_UP, ("call", "failed"), ("call", "passed"), DOWN]),
        (State.PASSED, [SET_UP, DOWN]),
        (State.FAILED, [SET_UP, BAD_DOWN]),
        (State.FAILED, []),
        (State.PASSED, [SET_UP, ("call", "rerun"), SET_UP, ("call", "passed"), DOWN]),
        (State.PASSED, [("setup", "rerun"), SET_UP, ("call", "passed"), DOWN]),
    ],
)
def test_reports_decide(state, reports):
    """A test that finished has the state that its reports speak of, else it failed."""
    ledger = opened(*reports)

    assert state is ledger.close(0)
    assert state is ledger.state(0)


@pytest.mark.parametrize("broken", [State.CRASHED, State.TIMED_OUT])
def test_a_broken_test_is_broken(broken):
    """What the death of the process says outweighs reports that did not decide."""
    ledger = opened(SET_UP)

    assert broken is ledger.close(0, broken)


@pytest.mark.parametrize(
    ("phase", "reports"),
    [
        (Phase.SETUP, []),
        (Phase.CALL, [SET_UP]),
        (Phase.TEARDOWN, [SET_UP, ("call", "passed")]),
        (Phase.TEARDOWN, [("setup", "skipped")]),
        (Phase.TEARDOWN, [("setup", "failed")]),
        (Phase.SETUP, [SET_UP, ("call", "rerun")]),
        (Phase.SETUP, [SET_UP, ("call", "passed"), ("teardown", "rerun")]),
    ],
)
def test_the_phase_still_to_come(phase, reports):
    """The phase is the one whose report is awaited; only in teardown is the test decided."""
    ledger = opened(*reports)

    assert phase is ledger.phase(0)
    assert (phase is Phase.TEARDOWN) is ledger.decided(0)


@pytest.mark.parametrize(
    ("torn_down", "reports"),
    [(False, []), (False, [SET_UP]), (True, [SET_UP, DOWN]), (True, [SET_UP, BAD_DOWN])],
)
def test_torn_down(torn_down, reports):
    """A test is torn down when its teardown was reported, for better or worse."""
    assert torn_down is opened(*reports).torn_down(0)


def test_errors_at_teardown_are_counted_apart():
    """An error at teardown counts when the test had not failed before."""
    ledger = Ledger(2)
    for item, outcome in enumerate(["passed", "failed"]):
        ledger.start(item)
        ledger.report(item, "call", outcome, xfail=False)
        ledger.report(item, "teardown", "failed", xfail=False)
        ledger.close(item)

    assert 1 == ledger.teardown_errors
    assert {State.PASSED: 1, State.FAILED: 1} == ledger.counts()


def test_a_reopened_item_runs_again():
    """An item that is reopened has not run, whether or not it was in hand."""
    ledger = opened(SET_UP)
    ledger.reopen(0)
    ledger.start(0)
    ledger.close(0, State.CRASHED)
    ledger.reopen(0)

    assert State.NOT_RUN is ledger.state(0)
    assert Ledger(2).counts() == ledger.counts()


@pytest.mark.parametrize(
    ("step", "message"),
    [
        (lambda ledger: ledger.start(0), "item 0 starts but is running"),
        (lambda ledger: ledger.report(1, "call", "passed", False), "item 1 reports but is not run"),
        (lambda ledger: ledger.close(1), "item 1 ends but is not run"),
    ],
)
def test_what_cannot_happen_is_a_bug(step, message):
    """An item starts once, and only one in hand reports or ends."""
    with pytest.raises(InvalidTransition, match=message):
        step(opened())


def test_words():
    """States are named as people read them."""
    assert ["not run", "timed out"] == [State.NOT_RUN.word, State.TIMED_OUT.word]


OUTCOMES = list(itertools.product(["setup", "call", "teardown"], ["passed", "failed", "skipped"]))


@given(st.lists(st.tuples(st.integers(0, 4), st.sampled_from([None, *OUTCOMES])), max_size=40))
def test_the_counts_add_up_at_any_time(steps):
    """The sum over all states is what was collected, whatever happens."""
    ledger = Ledger(5)
    for item, report in steps:
        if ledger.state(item) is State.NOT_RUN:
            ledger.start(item)
        elif ledger.state(item) is State.RUNNING and report:
            ledger.report(item, *report, xfail=False)
        elif ledger.state(item) is State.RUNNING:
            ledger.close(item)

        assert ledger.collected == sum(ledger.counts().values()) == 5

"""Specification of `core.run.death`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import itertools

import pytest

from pytest_bulkhead.core.accounting import Ledger, State
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.events import WorkerEnded
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.core.run import death
from pytest_bulkhead.core.run.worker import Stage, Worker

SEGV = End(signal=11)
SAID = {
    Phase.SETUP: [],
    Phase.CALL: [("setup", "passed")],
    Phase.TEARDOWN: [("setup", "passed"), ("call", "passed")],
}
DONE = [*SAID[Phase.TEARDOWN], ("teardown", "passed")]


def scene(reports=(), item=0, **fields):
    """Return a worker, its ledger: items 0 and 1 are its own, one is in hand and has reported."""
    worker, ledger = Worker(7, 0, 0, True, Stage.RUNNING, **fields), Ledger(2)
    worker.give((0, 1), last=True)
    if item is not None:
        ledger.start(item)
        worker.start(item, 100.0)
        for when, outcome in reports:
            ledger.report(item, when, outcome, xfail=False)
    return worker, ledger


def bury(reports=(), doing=Blame(), **fields):  # noqa: B008
    worker, ledger = scene(reports, **fields)
    crash = death.bury_test(worker, ledger, WorkerEnded(7, SEGV, doing), 103.0)
    return worker, ledger, crash


@pytest.mark.parametrize(
    ("owned", "item", "reports", "fields"),
    [
        (False, None, [], {}),
        (True, 0, [], {}),
        (True, 0, SAID[Phase.TEARDOWN], {}),
        (False, 0, DONE, {}),
        (True, 0, [], {"killed_for": "timeout", "kill_item": 0}),
        (False, 0, [], {"killed_for": "timeout", "kill_item": 1}),
        (False, 0, [], {"killed_for": "it hung in start-up", "kill_item": None}),
    ],
)
def test_whose_end_it_is(owned, item, reports, fields):
    """A test owns an end that came by itself, or was decided for it, until it is torn down."""
    assert owned is death.is_owned(*scene(reports, item, **fields))


@pytest.mark.parametrize(
    ("state", "reports"),
    [
        (State.NOT_RUN, []),
        (State.NOT_RUN, SAID[Phase.CALL]),
        (State.PASSED, SAID[Phase.TEARDOWN]),
        (State.PASSED, DONE),
        (State.FAILED, [("setup", "failed")]),
        (State.PASSED, [("setup", "passed"), ("teardown", "passed")]),
    ],
)
def test_letting_a_test_go(state, reports):
    """What a test reported stays if it decides; else it has not run and is still to do."""
    worker, ledger = scene(reports)
    death.let_go(worker, ledger)

    assert state is ledger.state(0)
    assert (state is State.NOT_RUN) is (0 in worker.todo)


def test_letting_nothing_go():
    """Without a test in hand nothing changes."""
    worker, ledger = scene(item=None)
    death.let_go(worker, ledger)

    assert {State.NOT_RUN: 2} == ledger.counts()


@pytest.mark.parametrize(
    ("state", "reports", "fields"),
    [
        (State.CRASHED, [], {}),
        (State.CRASHED, SAID[Phase.CALL], {"killed_for": "garbage", "kill_item": 0}),
        (State.TIMED_OUT, [], {"killed_for": "timeout", "kill_item": 0, "timed_out": True}),
        (State.PASSED, SAID[Phase.TEARDOWN], {}),
        (State.FAILED, [("setup", "failed")], {}),
        (State.SKIPPED, [("setup", "skipped")], {"timed_out": True}),
    ],
)
def test_a_decision_outlives_the_process(state, reports, fields):
    """A test that had decided keeps its state and has an error at teardown; else it is broken."""
    worker, ledger, crash = bury(reports, **fields)

    assert state is ledger.state(0)
    assert (state not in (State.CRASHED, State.TIMED_OUT)) is crash.decided
    assert ([1], [0], None) == (list(worker.todo), worker.done, worker.item)
    assert (state in (State.PASSED, State.SKIPPED)) is (ledger.teardown_errors == 1)


def test_a_crash_carries_what_is_known():
    """The report has worker, item, place, end, seconds and reason."""
    doing = Blame(Phase.CALL, 0, "", 101.0)
    _, _, crash = bury(SAID[Phase.CALL], doing, killed_for="timeout", kill_item=0, timed_out=True)

    assert (7, 0, Phase.CALL, "", SEGV, 3.0) == (
        crash.worker, crash.item, crash.phase, crash.subject, crash.end, crash.seconds,
    )  # fmt: skip
    assert ("timeout", True, False) == (crash.killed_for, crash.timed_out, crash.decided)


@pytest.mark.parametrize(
    ("reported", "doing"), list(itertools.product(SAID, [p for p in Phase if p.in_test]))
)
def test_the_later_witness_knows_better(reported, doing):
    """The phase is the later of black box and reports; a fixture is the black box's alone."""
    _, _, crash = bury(SAID[reported], Blame(doing, 0, "module db of m"))

    assert max(reported, doing) is crash.phase
    assert ("module db of m" if doing >= reported else "") == crash.subject


@pytest.mark.parametrize(
    "doing",
    [Blame(), Blame(Phase.BETWEEN), Blame(Phase.TEARDOWN, 1, "module db of m")],
)
def test_a_black_box_about_something_else_is_not_believed(doing):
    """An entry of another test, or of none, was written before this test began."""
    _, _, crash = bury([], doing)

    assert (Phase.SETUP, "") == (crash.phase, crash.subject)


@pytest.mark.parametrize(
    ("phase", "stage", "wrote"),
    [
        (Phase.STARTING, Stage.STARTING, Phase.STARTING),
        (Phase.BETWEEN, Stage.PARKED, Phase.BETWEEN),
        (Phase.FINISHING, Stage.RUNNING, Phase.FINISHING),
        (Phase.LEAVING, Stage.LEAVING, Phase.FINISHING),
        (Phase.LEAVING, Stage.LEFT, Phase.CALL),
    ],
)
def test_a_breach_tells_where_and_who_was_there(phase, stage, wrote):
    """A death that no test owned has its phase, and the tests that had run in that process."""
    worker, _ = scene(item=None, killed_for="it hung")
    worker.stage, worker.done = stage, [5, 6]
    breach = death.breach_of(worker, WorkerEnded(7, SEGV, Blame(wrote, -1, "x")))

    assert (7, phase, "x", SEGV, "it hung", (5, 6)) == tuple(breach)


@pytest.mark.parametrize(
    ("fixture", "phase", "subject"),
    [
        ("module db of m", Phase.SETUP, "module db of m"),
        ("", Phase.SETUP, "function db of m::t"),
        ("", Phase.SETUP, ""),
        ("", Phase.TEARDOWN, "module db of m"),
        ("", Phase.CALL, ""),
    ],
)
def test_only_a_wide_set_up_is_condemned(fixture, phase, subject):
    """A fixture is not set up again when its set-up killed and other tests may ask for it."""
    _, _, crash = bury(SAID[phase], Blame(phase, 0, subject))

    assert fixture == death.condemned_fixture(crash)

"""Specification of `core.run.staged`, as conversations with a run."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.escalation import LEAVE_LIMIT, Step
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.core.levels import Level

from .test_run import CLEAN, SEGV, Talk, ended, of


def talk(text="a a a", **policy):
    """A run whose one worker forks for each test, and has joined."""
    made = Talk(text, level=Level.FUNCTION, stage=True, **policy)
    made.tell(ev.WorkerJoined(1))
    return made


def fell(phase=Phase.CALL, item=-1, subject="", end=SEGV):
    return ev.CellEnded(1, end, Blame(phase, item, subject))


def test_one_worker_is_given_all_cell_by_cell():
    """All tests are one group; each is a cell."""
    assert [
        do.StartWorker(1, 0, 0, True, (), staged="function"),
        do.Assign(1, (0, 1, 2), do.END, (1, 1, 1)),
    ] == talk().begun[1:]


def test_a_suite_that_must_be_spawned_has_a_worker_for_each_test():
    """Nothing can be forked there, so nothing can be shared."""
    made = Talk("a a", why_spawn="a thread", level=Level.FUNCTION, stage=True, workers=2)
    assert [("", 0), ("", 1)] == [(a.staged, a.group) for a in of(do.StartWorker, made.begun)]


def test_a_test_whose_process_died_has_crashed_and_the_worker_goes_on():
    """The rest is not handed out again, and nothing is started."""
    made = talk()
    made.tell(ev.TestStarted(1, 0, fresh=True))
    [crash] = made.tell(fell(item=0))

    assert (do.ReportCrash, 0, Phase.CALL, SEGV, 0) == (
        type(crash), crash.item, crash.phase, crash.end, crash.rest,
    )  # fmt: skip
    assert [] == made.test(1, 1) + made.test(1, 2)
    assert [State.CRASHED, State.PASSED, State.PASSED] == made.states


def test_what_ran_before_in_the_same_process():
    """In a cell of one test nothing did; tests that had to run together did."""
    made = talk()
    made.tell(ev.TestStarted(1, 0, fresh=True), ev.TestFinished(1, 0))
    made.tell(ev.TestStarted(1, 1, fresh=True), ev.TestFinished(1, 1), ev.TestStarted(1, 2))
    [crash] = made.tell(fell(item=2))
    assert (1,) == crash.before


def test_a_stage_that_dies_in_a_setup_is_blamed_on_its_test_and_fixture():
    """Who works below it and who is still to come are told; the others run."""
    made = talk()
    made.tell(ev.StageBusy(1, 1))
    crash, condemn = reversed(made.tell(fell(Phase.SETUP, 1, "module f of a")))

    assert (1, Phase.SETUP, "module f of a") == (crash.item, crash.phase, crash.subject)
    assert do.Condemn(1, do.Doomed("module f of a", "SIGSEGV")) == condemn
    made.test(1, 0)
    made.test(1, 2)
    assert [State.PASSED, State.CRASHED, State.PASSED] == made.states


def test_a_setup_that_went_well_leaves_its_test_waiting():
    """It was in hand only to be blamed."""
    made = talk()
    assert [] == made.tell(ev.StageBusy(1, 2), ev.StageIdle(1))
    assert [State.NOT_RUN] * 3 == made.states


def test_a_setup_has_the_time_of_its_test():
    """A model that takes longer than the limit of the test that needs it hangs, and is ended."""
    made = talk(timeout=5.0)
    made.tell(ev.StageBusy(1, 0))
    assert [do.Escalate(1, Step.DUMP_STACKS)] == made.wait(5.0)
    crash = made.tell(fell(Phase.SETUP, 0, "module f of a"))[-1]
    assert crash.timed_out
    assert [State.TIMED_OUT, State.NOT_RUN, State.NOT_RUN] == made.states


def test_patience_begins_anew_after_a_death():
    """What one process was ended for is not held against the next one."""
    made = talk(timeout=5.0)
    made.tell(ev.TestStarted(1, 0, fresh=True))
    made.wait(5.0)
    made.tell(fell(item=0, end=End(signal=9)))
    made.tell(ev.TestStarted(1, 1, fresh=True))
    assert [] == made.wait(4.0)
    assert [do.Escalate(1, Step.DUMP_STACKS)] == made.wait(1.0)


def test_a_process_has_to_leave_after_its_last_report():
    """It may be hung in an atexit function: a breach, for the test had passed."""
    made = talk()
    made.tell(
        ev.TestStarted(1, 0, fresh=True),
        *(ev.TestReported(1, 0, when, "passed") for when in ("setup", "call", "teardown")),
    )
    assert [do.Escalate(1, Step.DUMP_STACKS)] == made.wait(LEAVE_LIMIT)
    [breach] = made.tell(fell(Phase.LEAVING, 0, end=End(signal=9)))
    assert (do.ReportBreach, Phase.LEAVING, (0,)) == (type(breach), breach.phase, breach.items)
    assert State.PASSED == made.states[0]
    made.test(1, 1)


def test_a_worker_may_be_idle_for_ever_between_its_processes():
    """A stage whose children are gone waits for orders, not for an end."""
    made = talk()
    made.test(1, 0)
    assert [] == made.wait(10 * LEAVE_LIMIT)


def test_a_stage_that_dies_tearing_down_is_an_error_of_its_last_test():
    """That has passed, and stays so."""
    made = talk()
    made.test(1, 0)
    made.tell(ev.StageBusy(1, 0, clearing=True))
    [crash] = made.tell(fell(Phase.TEARDOWN, 0, "module f of a"))

    assert (0, Phase.TEARDOWN, True) == (crash.item, crash.phase, crash.decided)
    assert 1 == made.run.ledger.teardown_errors
    assert State.PASSED == made.states[0]


def test_a_worker_that_dies_tearing_down_is_an_error_of_its_last_test_too():
    """The worker itself is the stage of the session."""
    made = talk("a")
    made.test(1, 0)
    made.tell(ev.StageBusy(1, 0, clearing=True))
    crash = of(do.ReportCrash, made.tell(ended(1, SEGV, Phase.TEARDOWN, 0, "session f of session")))
    assert [(0, Phase.TEARDOWN, True)] == [(c.item, c.phase, c.decided) for c in crash]


def test_an_error_in_a_stages_teardown_counts_as_one():
    """The report comes when its test has long ended."""
    made = talk()
    made.test(1, 0)
    made.tell(ev.StageBusy(1, 0, clearing=True), ev.TestReported(1, 0, "teardown", "failed"))
    made.tell(ev.StageIdle(1, leaving=True))
    assert 1 == made.run.ledger.teardown_errors
    assert [do.Escalate(1, Step.DUMP_STACKS)] == made.wait(LEAVE_LIMIT)


def test_which_tests_ran_together_is_noted():
    """By the node, with the reason."""
    made = talk()
    made.tell(ev.StageUnforkable(1, "a", "a thread"))
    assert {"a": "a thread"} == made.run.together


def test_after_an_interrupt_no_death_is_reported():
    """The processes were asked to end."""
    made = talk()
    made.tell(ev.TestStarted(1, 0, fresh=True), ev.Interrupted())
    assert [] == of(do.ReportCrash, made.tell(fell(item=0, end=End(signal=2))))
    assert State.NOT_RUN == made.states[0]
    made.tell(ev.WorkerLeaving(1), ev.WorkerLeft(1), ended(1, CLEAN))


def test_classes_are_cells_at_class_level():
    """Tests of one class share a process, a test without a class has its own."""
    made = Talk("a.A a.A a a.B", level=Level.CLASS, stage=True)
    assert (2, 1, 1) == of(do.Assign, made.begun)[0].cells


def test_several_workers_share_a_staged_group():
    """Module by module, as a session."""
    made = Talk("a b", level=Level.FUNCTION, stage=True, workers=2)
    assert [(1, (0,)), (2, (1,))] == [(a.worker, a.items) for a in of(do.Assign, made.begun)]

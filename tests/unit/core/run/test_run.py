"""Specification of `core.run.run`, as conversations. What holds in every world is in tests/model."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import escalation
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.escalation import Step
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.run import _HANDLERS, TEMPLATE, Run
from pytest_bulkhead.core.run.template import BLAMELESS_BUDGET
from pytest_bulkhead.errors import InvalidTransition

from ..suites import items
from ..talks import CLEAN, KILL, SEGV, Talk, ended, kinds, of

# -- a run without accidents -----------------------------------------------------------------


def test_every_event_has_its_handler():
    """The table of handlers is total."""
    assert set(_HANDLERS) == set(ev.TYPES)


def test_a_run_in_full():
    """A run starts a template, forks a worker, releases the template, and closes."""
    talk = Talk()

    assert [
        do.StartTemplate(1, ()),
        do.StartWorker(1, 0, 0, True, ()),
        do.Assign(1, (0, 1), do.END),
    ] == talk.begun
    assert [] == talk.tell(ev.WorkerJoined(1)) + talk.test(1, 0) + talk.test(1, 1)
    assert [do.ReleaseTemplate(1)] == talk.leave(1)
    assert [do.Close] == kinds(talk.tell(ev.TemplateEnded(1, CLEAN)))
    assert [State.PASSED] * 2 == talk.states
    assert talk.run.closed


def test_a_closed_run_hears_nothing():
    """What was still under way when the run closed changes nothing."""
    talk = Talk("")
    talk.tell(ev.TemplateEnded(1, CLEAN))

    assert [] == talk.tell(ev.Interrupted(), ev.WorkerJoined(9), ev.Tick())


def test_nothing_collected():
    """Without items the template is released at once."""
    assert [do.StartTemplate, do.ReleaseTemplate] == kinds(Talk("").begun)


@pytest.mark.parametrize(
    ("talk", "why"),
    [(Talk(spawn=True), "isolate_start = spawn"), (Talk(why_spawn="threads"), "threads")],
)
def test_without_forking_the_template_is_released_first(talk, why):
    """Where forking is not wished or not safe, workers are spawned and the reason is kept."""
    assert [do.StartTemplate, do.ReleaseTemplate, do.StartWorker, do.Assign] == kinds(talk.begun)
    assert [False] == [action.fork for action in of(do.StartWorker, talk.begun)]
    assert why == talk.run.why_spawn


def test_plain_order_across_groups():
    """A group whose tests come back waits in its process, and is told to finish at last."""
    talk = Talk("a b a", level=Level.MODULE)
    talk.tell(ev.WorkerJoined(1))

    assert [do.Assign(1, (0,), 2)] == of(do.Assign, talk.begun)
    assert [do.StartWorker, do.Assign] == kinds(talk.test(1, 0))
    assert [] == talk.tell(ev.WorkerJoined(2)) + talk.test(2, 1)
    assert [do.Assign(1, (2,), do.END)] == talk.leave(2)


def test_the_last_shares_are_given_out_one_by_one():
    """Two modules are run by two workers, and who finds nothing more is told to finish."""
    talk = Talk("a b c", workers=2)
    talk.tell(ev.WorkerJoined(1), ev.WorkerJoined(2))

    assert [do.Assign(1, (0,), do.OPEN), do.Assign(2, (1,), do.OPEN)] == of(do.Assign, talk.begun)
    assert [do.Assign(2, (2,), do.END)] == talk.test(2, 1)
    assert [] == talk.tell(ev.TestStarted(2, 2))
    assert [do.Finish(1)] == talk.test(1, 0)


def test_work_is_sent_ahead_in_the_session():
    """A worker of the session has two shares at hand as long as there are many."""
    talk = Talk("a b c d e f", workers=2)
    talk.tell(ev.WorkerJoined(1), ev.WorkerJoined(2))

    assert [(1, (0,)), (2, (1,)), (1, (2,)), (2, (3,))] == [
        (action.worker, action.items) for action in of(do.Assign, talk.begun)
    ]
    assert [] == talk.test(1, 0)
    assert [do.Assign(1, (4,), do.OPEN)] == talk.test(1, 2)


def test_a_share_follows_while_the_next_one_runs():
    """When a share is done and one is at hand, another one is sent behind that."""
    talk = Talk("a b c d e f g h", workers=2)
    talk.tell(ev.WorkerJoined(1))

    assert [do.Assign(1, (4,), do.OPEN)] == talk.test(1, 0)


def test_in_hand():
    """The tests in hand are those that started and have not finished."""
    talk = Talk()
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))

    assert [(1, 0)] == [(worker.id, item.index) for worker, item in talk.run.in_hand()]


def test_nobody_waits_while_each_has_a_test_to_go_on_with():
    """All are provided for until a worker has nothing behind the test in hand."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    before = talk.run.roster.provided
    talk.tell(ev.TestFinished(1, 0), ev.TestStarted(1, 1))

    assert before
    assert not talk.run.roster.provided


def test_workers_that_are_alive_hear_of_a_doomed_fixture():
    """Also one that was started before: it must not set the fixture up again."""
    talk = Talk("a b", level=Level.MODULE, workers=2)
    for worker in (1, 2):
        talk.tell(ev.WorkerJoined(worker))
    talk.tell(ev.TestStarted(1, 0))
    actions = talk.tell(ended(1, phase=Phase.SETUP, item=0, subject="session db of session"))

    assert [do.Condemn(2, do.Doomed("session db of session", "SIGSEGV"))] == of(do.Condemn, actions)


def test_an_unknown_worker_is_a_bug():
    """A word of a worker that is not alive cannot have been said."""
    with pytest.raises(InvalidTransition, match="worker 5 is not alive"):
        Talk().tell(ev.WorkerJoined(5))


# -- crashes ---------------------------------------------------------------------------------


def test_a_crash_costs_one_test():
    """The test in hand has crashed; the rest goes on in a new process."""
    talk = Talk("a a a")
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    talk.tell(ev.TestStarted(1, 1))
    talk.now += 2.0
    actions = talk.tell(ended(1, item=1, phase=Phase.SETUP, subject="module db of a"))

    assert [
        do.ReportCrash(1, 1, Phase.SETUP, "module db of a", SEGV, 2.0, rest=1, before=(0,)),
        do.StartWorker(2, 0, 0, True, (do.Doomed("module db of a", "SIGSEGV"),)),
        do.Assign(2, (2,), do.END),
    ] == actions
    assert [State.PASSED, State.CRASHED, State.NOT_RUN] == talk.states


def test_an_exit_in_a_test_is_a_crash():
    """A worker that exits with 0 in mid-test has crashed."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ended(1, CLEAN))

    assert [State.CRASHED] == talk.states


def test_a_crash_in_teardown_keeps_the_verdict():
    """A test that passed and then crashed is passed, with an error at teardown."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    talk.tell(ev.TestReported(1, 0, "setup", "passed"), ev.TestReported(1, 0, "call", "passed"))
    (crash,) = talk.tell(ended(1, item=0, phase=Phase.TEARDOWN))

    assert (True, Phase.TEARDOWN) == (crash.decided, crash.phase)
    assert [State.PASSED] == talk.states
    assert 1 == talk.run.ledger.teardown_errors


def test_a_death_between_tests_is_a_breach():
    """A death that no test owned is an error of the run, and the rest goes on."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    actions = talk.tell(ended(1, phase=Phase.BETWEEN))

    assert [do.ReportBreach, do.StartWorker, do.Assign] == kinds(actions)
    assert (0,) == actions[0].items


def test_a_death_after_the_last_report_is_a_breach():
    """A test that had reported its teardown is finished, though nobody said so."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    for when in ("setup", "call", "teardown"):
        talk.tell(ev.TestReported(1, 0, when, "passed"))
    actions = talk.tell(ended(1))

    assert [do.ReportBreach, do.ReleaseTemplate] == kinds(actions)
    assert [State.PASSED] == talk.states


def test_a_death_after_the_goodbye_is_a_breach_at_exit():
    """A worker that dies in its atexit functions has not left."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    breach, *_ = talk.tell(ev.WorkerLeaving(1), ended(1, phase=Phase.FINISHING))

    assert Phase.LEAVING is breach.phase


def test_a_deserter_has_crashed():
    """A worker that leaves tests undone, though nobody asked it to stop, has crashed."""
    talk = Talk("a a b", level=Level.MODULE)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    actions = talk.leave(1)

    assert [do.ReportCrash, do.StartWorker, do.Assign] == kinds(actions)
    assert (1,) == actions[-1].items


def test_a_worker_that_stops_in_mid_test_when_asked():
    """After a stop (pytest.exit), a test in hand that had not decided has not run."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ev.StopAsked("exit"))

    assert [do.ReleaseTemplate] == kinds(talk.leave(1))
    assert [State.NOT_RUN] * 2 == talk.states


def test_a_group_that_never_starts_is_given_up():
    """A group whose workers die before a test is left out after two breaches."""
    talk = Talk("a b", level=Level.MODULE)
    first = talk.tell(ended(1, phase=Phase.STARTING))
    second = talk.tell(ended(2, phase=Phase.STARTING))

    assert [do.ReportBreach, do.StartWorker, do.Assign] == kinds(first)
    assert [do.ReportBreach, do.StartWorker, do.Assign] == kinds(second)
    assert (0, 1) == (first[1].group, second[1].group)


def test_a_requeued_test_runs_again():
    """A crash closes nothing yet: who hears of it may ask for the test again."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    crash = talk.tell(ended(1))
    deadline = talk.run.next_deadline()
    again = talk.tell(ev.Requeued(0))

    assert [do.ReportCrash] == kinds(crash)
    assert talk.now == deadline
    assert [do.StartWorker, do.Assign] == kinds(again)
    assert [State.NOT_RUN] == talk.states


def test_a_crash_that_nobody_wants_again():
    """When nobody asked for the test, the next tick lets the template go."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ended(1))

    assert [do.ReleaseTemplate(1)] == talk.wait(0.0)
    assert [] == of(do.ReleaseTemplate, talk.wait(0.0))


def test_a_late_requeue_starts_another_template():
    """A test that is asked for after the template was let go gets another template."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ended(1))
    talk.wait(0.0)
    talk.tell(ev.Requeued(0))

    assert [do.StartTemplate(2, ())] == talk.tell(ev.TemplateEnded(1, CLEAN))
    assert [do.StartWorker, do.Assign] == kinds(talk.tell(talk.collected(template=2)))


@pytest.mark.parametrize("stop", [True, False])
def test_only_a_broken_test_is_run_again(stop):
    """A request for a test that is not broken, or after a stop, is not heard."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ended(1), ev.WorkerJoined(2))
    if stop:
        talk.tell(ev.StopAsked("maxfail"))

    assert [] == talk.tell(ev.Requeued(0 if stop else 1))


# -- the template ----------------------------------------------------------------------------


def test_a_node_that_kills_the_template_is_left_out():
    """Another template collects all but what killed the first."""
    talk = Talk(begin=False)

    assert [do.StartTemplate(2, (do.Doomed("a.py", "SIGSEGV"),))] == talk.tell(
        ev.TemplateEnded(1, SEGV, "a.py")
    )


def test_a_template_that_dies_without_a_reason_is_given_up():
    """Deaths of the template that nothing is to blame for end the run at last."""
    talk = Talk(begin=False)
    for number in range(1, BLAMELESS_BUDGET):
        talk.tell(ev.TemplateEnded(number, KILL))
    actions = talk.tell(ev.TemplateEnded(BLAMELESS_BUDGET, KILL))

    assert [do.GiveUp(f"the template died {BLAMELESS_BUDGET} times"), do.Close()] == actions


def test_workers_die_with_their_template():
    """What was in hand has crashed, the fixture is innocent, and the rest waits for another."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    restart = talk.tell(ev.TemplateEnded(1, SEGV))
    (crash,) = talk.tell(ended(1, KILL, Phase.SETUP, 0, "module db of a"))
    actions = talk.tell(talk.collected(template=2))

    assert [do.StartTemplate(2, ())] == restart
    assert "its template died (SIGSEGV)" == crash.killed_for
    assert [do.StartWorker(2, 0, 0, True, ()), do.Assign(2, (1,), do.END)] == actions


def test_a_worker_that_outlives_its_template_is_ended():
    """An orphan is not waited for, nor is it given work."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1), ev.TemplateEnded(1, SEGV))

    assert [do.Escalate(1, Step.DUMP_STACKS)] == talk.wait(escalation.MUTE_LIMIT)


def test_another_collection_ends_the_run():
    """A second template that collects other tests cannot go on for the first."""
    talk = Talk("a")
    talk.tell(ev.TemplateEnded(1, KILL))
    talk.items = tuple(items("a b"))
    actions = talk.tell(talk.collected(template=2))

    assert do.GiveUp("a second template collected other tests than the first") == actions[0]


def test_a_second_template_may_refuse_to_be_forked():
    """When a later template may not be forked, what is left is spawned."""
    talk = Talk("a")
    talk.tell(ev.TemplateEnded(1, KILL), ended(1, KILL, Phase.STARTING))
    actions = talk.tell(talk.collected("threads", template=2))

    assert [do.ReleaseTemplate, do.StartWorker, do.Assign] == kinds(actions)
    assert not actions[1].fork


@pytest.mark.parametrize(
    ("breaches", "end", "collecting"), [(0, CLEAN, ""), (1, SEGV, ""), (0, KILL, "a.py")]
)
def test_a_released_template_that_dies(breaches, end, collecting):
    """A template that was let go must exit cleanly, unless it was still collecting for nobody."""
    talk = Talk("")
    actions = talk.tell(ev.TemplateEnded(1, end, collecting))

    assert breaches == len(of(do.ReportBreach, actions))
    assert do.Close is kinds(actions)[-1]


def test_a_template_that_does_not_leave_is_ended():
    """A released template has a limit, and the breach says that it passed."""
    talk = Talk("")
    steps = [*talk.wait(escalation.LEAVE_LIMIT), *talk.wait(9.0), *talk.wait(9.0), *talk.wait(9.0)]
    breach, _close = talk.tell(ev.TemplateEnded(1, KILL))

    assert [
        do.Escalate(TEMPLATE, s)
        for s in (Step.DUMP_STACKS, Step.DUMP_AGAIN, Step.TERMINATE, Step.KILL)
    ] == steps
    assert "it did not leave within 10 s" == breach.killed_for


# -- time ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("limit", "options"),
    [(5.0, {"timeout": 5.0}), (2.0, {"timeout": 5.0, "timeouts": 2.0}), (2.0, {"timeouts": 2.0})],
)
def test_a_hang_costs_one_test(limit, options):
    """A test over its limit is ended, stacks first, and has timed out."""
    talk = Talk("a a", **options)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    early, late = talk.wait(limit - 0.5), talk.wait(0.5)
    crash, *_ = talk.tell(ended(1, KILL, Phase.CALL, 0))

    assert [] == early
    assert [do.Escalate(1, Step.DUMP_STACKS)] == late
    assert (f"timeout: it ran for {limit} s", True) == (crash.killed_for, crash.timed_out)
    assert [State.TIMED_OUT, State.NOT_RUN] == talk.states


def test_a_test_that_ends_after_all_is_spared():
    """A test that finishes while its stacks are dumped keeps its verdict and its process."""
    talk = Talk("a a", timeout=5.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    talk.wait(5.0)
    for when in ("setup", "call", "teardown"):
        talk.tell(ev.TestReported(1, 0, when, "passed"))
    talk.tell(ev.TestFinished(1, 0))

    assert None is talk.run.next_deadline()
    assert [] == talk.wait(100.0) + talk.test(1, 1)


def test_a_kill_meant_for_another_test():
    """A test that stood in the way of a kill runs again, and the kill is told as a breach."""
    talk = Talk("a a", timeout=5.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    talk.wait(5.0)
    talk.wait(1.0)
    talk.wait(1.0)
    for when in ("setup", "call", "teardown"):
        talk.tell(ev.TestReported(1, 0, when, "passed"))
    talk.tell(ev.TestFinished(1, 0), ev.TestStarted(1, 1))
    actions = talk.tell(ended(1, End(signal=15), Phase.CALL, 1))

    assert [do.ReportBreach, do.StartWorker, do.Assign] == kinds(actions)
    assert (1,) == actions[-1].items
    assert [State.PASSED, State.NOT_RUN] == talk.states


def test_a_worker_that_hangs_at_its_start():
    """A worker has a limit for its first word; one that speaks after all is spared."""
    talk = Talk(timeout=5.0)
    actions = talk.wait(escalation.FORK_LIMIT)
    talk.tell(ev.WorkerJoined(1))

    assert [do.Escalate(1, Step.DUMP_STACKS)] == actions
    assert None is talk.run.next_deadline()


def test_a_worker_that_hangs_when_it_left():
    """A worker that said its last word and lives on is ended, and nobody is blamed."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    talk.tell(ev.WorkerLeaving(1), ev.WorkerLeft(1))
    steps = talk.wait(escalation.MUTE_LIMIT)

    assert [do.Escalate(1, Step.DUMP_STACKS)] == steps
    assert [do.ReleaseTemplate(1)] == talk.tell(ended(1, KILL))


def test_a_mute_worker_that_ended_by_itself():
    """A channel that closed because its process died is no reason of ours."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ev.WorkerMuted(1, "its channel closed"))
    (crash,) = talk.tell(ended(1))

    assert "" == crash.killed_for
    assert [] == talk.tell(ev.WorkerMuted(1, "its channel closed"))


def test_a_mute_worker_that_lives_is_ended():
    """A worker that cannot be heard is ended, and the test in hand owns that."""
    talk = Talk("a", timeout=500.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ev.WorkerMuted(1, "garbage"))
    steps = talk.wait(escalation.MUTE_LIMIT)
    (crash,) = talk.tell(ended(1, KILL))

    assert [do.Escalate(1, Step.DUMP_STACKS)] == steps
    assert ("garbage", False) == (crash.killed_for, crash.timed_out)


def test_the_clock_stands_still_in_a_debugger():
    """Who has the terminal has no deadline; with its return the limit begins again."""
    talk = Talk("a", timeouts=2.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ev.TerminalLent(1))
    during = talk.wait(1000.0)
    talk.tell(ev.TerminalReturned(1))

    assert [] == during
    assert talk.now + 2.0 == talk.run.next_deadline()


def test_a_debugger_does_not_save_who_must_end():
    """The terminal changes nothing for a worker that is being ended."""
    talk = Talk("a", timeout=5.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    talk.wait(5.0)
    deadline = talk.run.next_deadline()
    talk.tell(ev.TerminalLent(1), ev.TerminalReturned(1))

    assert deadline == talk.run.next_deadline()


# -- the wish to stop ------------------------------------------------------------------------


def test_a_stop_lets_tests_in_hand_finish():
    """After a stop no test starts; those in hand finish, and the run closes."""
    talk = Talk("a a b", level=Level.MODULE, workers=2)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    actions = talk.tell(ev.StopAsked("maxfail"), ev.StopAsked("again"))

    assert [do.Stop(1), do.Stop(2)] == actions
    assert [] == talk.leave(2)
    assert [do.ReleaseTemplate(1)] == talk.leave(1)
    assert "maxfail" == talk.run.stopping


def test_a_stop_finishes_parked_workers_in_turn():
    """A parked worker tears its session down when there is room for that."""
    talk = Talk("a b a", level=Level.MODULE)
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    actions = talk.tell(ev.WorkerJoined(2), ev.StopAsked("maxfail"))

    assert [do.Stop(2)] == actions
    assert [do.Finish(1)] == talk.leave(2)


def test_a_stop_before_collection_ends():
    """A run that is stopped while it collects lets the template go and runs nothing."""
    talk = Talk(begin=False)
    actions = talk.tell(ev.StopAsked("errors"), talk.collected())

    assert [do.ReleaseTemplate] == kinds(actions)
    assert [do.Close] == kinds(talk.tell(ev.TemplateEnded(1, CLEAN)))
    assert [State.NOT_RUN] * 2 == talk.states


def test_a_stop_before_the_beginning():
    """A run that is stopped before it begins closes at once."""
    run = Run(Policy())

    assert [do.Close] == kinds(run.handle(ev.StopAsked("early"), 1.0))
    assert [] == run.handle(ev.Begun(), 2.0)


def test_the_first_interrupt_asks():
    """After Ctrl-C tests are asked to end, and made to when they do not in time."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    actions = talk.tell(ev.Interrupted())
    later = talk.wait(escalation.INTERRUPT_GRACE)

    assert [do.Stop(1), do.Escalate(1, Step.INTERRUPT)] == actions
    assert [do.Escalate(1, Step.DUMP_STACKS)] == later
    assert [do.ReleaseTemplate(1)] == talk.tell(ended(1, End(signal=2)))
    assert [State.NOT_RUN] * 2 == talk.states


def test_the_second_interrupt_kills():
    """After a second Ctrl-C every process of the run is killed."""
    talk = Talk("a a")
    talk.tell(ev.WorkerJoined(1), ev.Interrupted())

    whole = [do.Escalate(who, Step.KILL, whole=True) for who in (1, TEMPLATE)]
    assert whole == talk.tell(ev.Interrupted())


def test_an_interrupt_keeps_what_was_decided():
    """A test that had passed when its process was ended has passed."""
    talk = Talk("a")
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0), ev.TestReported(1, 0, "call", "passed"))
    talk.tell(ev.Interrupted(), ended(1, KILL))

    assert [State.PASSED] == talk.states


def test_an_interrupt_does_not_spare():
    """A late test that finishes after Ctrl-C is still made to leave in time."""
    talk = Talk("a a", timeout=5.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    talk.wait(5.0)
    talk.tell(ev.Interrupted(), ev.TestReported(1, 0, "call", "passed"), ev.TestFinished(1, 0))

    assert None is not talk.run.next_deadline()


def test_an_interrupt_leaves_harder_steps_alone():
    """A process that was told to end in a harder way is not asked kindly."""
    talk = Talk("a", timeout=5.0)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    talk.wait(5.0)
    talk.wait(1.0)
    talk.wait(1.0)

    assert [do.Stop(1)] == talk.tell(ev.Interrupted())


def test_an_interrupt_while_collecting():
    """Ctrl-C during the first collection ends the template at once."""
    talk = Talk(begin=False)

    assert do.Escalate(TEMPLATE, Step.KILL) in talk.tell(ev.Interrupted())
    assert [do.Close] == kinds(talk.tell(ev.TemplateEnded(1, KILL, "a.py")))


def test_an_interrupt_while_all_workers_wait_for_the_sessions_fixtures():
    """The template is asked first, so that what stands is torn down, and killed when it goes on."""
    talk = Talk("a b", level=Level.FUNCTION, workers=2, stage=True)
    interrupt, kill = do.Escalate(TEMPLATE, Step.INTERRUPT), do.Escalate(TEMPLATE, Step.KILL, True)

    assert interrupt in talk.tell(ev.Interrupted())
    assert [do.Escalate(TEMPLATE, Step.DUMP_STACKS)] == [
        step for step in of(do.Escalate, talk.wait(escalation.INTERRUPT_GRACE)) if not step.worker
    ]
    assert kill in talk.tell(ev.Interrupted())


@pytest.mark.parametrize(("timeout", "limit"), [(None, None), (500.0, 501.0)])
def test_the_sessions_fixtures_are_torn_down_for_as_long_as_a_test_may_take(timeout, limit):
    """For ever without a limit; what comes after that has its own."""
    talk = Talk("a b", level=Level.FUNCTION, workers=2, stage=True, timeout=timeout, slack=1.0)
    for worker, item in ((1, 0), (2, 1)):
        talk.tell(ev.WorkerJoined(worker))
        talk.test(worker, item)
        talk.leave(worker)
    due = talk.run.next_deadline()
    assert due == (None if limit is None else talk.now + limit + escalation.LEAVE_LIMIT)

    talk.tell(ev.StageIdle(TEMPLATE, leaving=True))
    assert talk.now + escalation.LEAVE_LIMIT == talk.run.next_deadline()


def test_without_the_keeper_there_is_nothing():
    """When the keeper dies, all is gone: what was in hand crashed, and the run closes."""
    talk = Talk("a b", level=Level.MODULE, workers=2)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    actions = talk.tell(ev.KeeperLost(KILL))

    assert [do.GiveUp, do.ReportCrash, do.ReportBreach, do.Close] == kinds(actions)
    assert "the keeper died (SIGKILL)" == talk.run.stopping
    assert [State.CRASHED, State.NOT_RUN] == talk.states


def test_the_keeper_after_the_template():
    """The keeper may die when no template is alive."""
    talk = Talk("a", spawn=True)
    talk.tell(ev.TemplateEnded(1, CLEAN))

    assert do.Close() == talk.tell(ev.KeeperLost(KILL))[-1]


# -- spares ------------------------------------------------------------------------------------


def spawned(text="a b c", **policy):
    return Talk(text, level=Level.MODULE, spawn=True, spares=1, **policy)


def test_a_spare_is_started_ahead_and_becomes_the_next_worker():
    """While the first module runs, an interpreter starts; the second module's worker is that one."""
    talk = spawned()
    assert [do.StartSpare(2)] == of(do.StartSpare, talk.begun)
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    actions = talk.leave(1)
    [start] = of(do.StartWorker, actions)
    assert (2, 0, True) == (start.worker, start.slot, start.adopted)
    assert [do.StartSpare(3)] == of(do.StartSpare, actions)


def test_nobody_waits_for_the_last_module():
    """A spare that no group needs is not started, and the run closes without one."""
    talk = spawned("a b")
    talk.tell(ev.TemplateEnded(1, CLEAN), ev.WorkerJoined(1))
    talk.test(1, 0)
    assert [] == of(do.StartSpare, talk.leave(1))
    talk.tell(ev.WorkerJoined(2))
    talk.test(2, 1)
    assert [do.Close()] == of(do.Close, talk.leave(2))


def test_a_stop_dismisses_the_spare_and_waits_for_its_end():
    """It is told that nothing follows; the run closes when it has left."""
    talk = spawned()
    talk.tell(ev.TemplateEnded(1, CLEAN), ev.WorkerJoined(1), ev.TestStarted(1, 0))
    assert do.Finish(2) in talk.tell(ev.StopAsked("-x"))
    assert [] == of(do.Close, talk.tell(ended(1)))
    assert [do.Close()] == talk.tell(ev.SpareEnded(2, CLEAN))


def test_a_dismissed_spare_that_stays_is_killed():
    """Its grace is that of SIGTERM."""
    talk = spawned(grace=2.0)
    talk.tell(ev.StopAsked("-x"))
    assert [] == of(do.Escalate, talk.wait(1.9))
    assert do.Escalate(2, Step.KILL) in talk.wait(0.2)


def test_the_second_interrupt_kills_spares():
    """Nobody waits for an import then."""
    talk = spawned()
    talk.tell(ev.Interrupted())
    assert do.Escalate(2, Step.KILL) in talk.tell(ev.Interrupted())


def test_a_spare_that_dies_is_only_missed():
    """No error, no test lost; the next worker is started as if there had been none."""
    talk = spawned()
    assert [] == talk.tell(ev.SpareEnded(2, SEGV))
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    actions = talk.leave(1)
    assert [(3, False)] == [(a.worker, a.adopted) for a in of(do.StartWorker, actions)]
    assert [] == of(do.StartSpare, actions)


def test_a_spare_that_dies_as_it_is_adopted():
    """Before its first word it is missed as any spare; after that it is a worker like others."""
    for greets, breaches in [(False, 0), (True, 1)]:
        talk = spawned()
        talk.tell(ev.WorkerJoined(1))
        talk.test(1, 0)
        talk.leave(1)
        actions = (
            talk.tell(ev.WorkerJoined(2), ended(2)) if greets else talk.tell(ev.SpareEnded(2, KILL))
        )
        assert breaches == len(of(do.ReportBreach, actions))
        assert [(1, greets)] == [(a.group, a.adopted) for a in of(do.StartWorker, actions)]


def test_no_spares_where_the_worker_id_is_read_at_import():
    """With several workers nobody knows yet which of them a spare will be; with one, all do."""
    for workers, spares in [(1, [do.StartSpare(2)]), (2, [])]:
        talk = Talk("a b c", begin=False, level=Level.MODULE, spawn=True, spares=1, workers=workers)
        actions = talk.tell(ev.Collected(1, talk.items, "", id_read=True))
        assert spares == of(do.StartSpare, actions)


def test_after_a_crash_the_next_process_is_kept_ready():
    """In a session that has lost a process, another one may die: its successor stands ready."""
    talk = Talk("a a a", spawn=True, spares=1)
    assert [] == of(do.StartSpare, talk.begun)
    talk.tell(ev.WorkerJoined(1), ev.TestStarted(1, 0))
    actions = talk.tell(ended(1, item=0)) + talk.wait(0)
    assert [do.StartSpare(3)] == of(do.StartSpare, actions)


def test_the_keeper_takes_the_spares_with_it():
    """Nothing is waited for when the keeper is gone."""
    talk = spawned()
    assert [do.Close()] == of(do.Close, talk.tell(ev.KeeperLost(KILL)))


@pytest.mark.parametrize(("clean_exit", "told"), [(False, []), (True, [do.ReportBreach])])
def test_a_death_after_the_last_word(clean_exit, told):
    """It says nothing of tests, unless what the interpreter's end does is to be seen."""
    talk = Talk(spawn=True, clean_exit=clean_exit)
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    talk.test(1, 1)
    actions = talk.tell(ev.WorkerLeaving(1), ev.WorkerLeft(1), ended(1, SEGV, Phase.LEAVING))

    assert told == kinds(of(do.ReportBreach, actions))
    assert [State.PASSED] * 2 == talk.states


@pytest.mark.parametrize(
    ("clean_exit", "limit"), [(False, escalation.MUTE_LIMIT), (True, escalation.LEAVE_LIMIT)]
)
def test_the_time_after_the_last_word(clean_exit, limit):
    """An interpreter takes its time to be finalised; a process that only exits does not."""
    talk = Talk("a", spawn=True, clean_exit=clean_exit)
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    talk.tell(ev.WorkerLeaving(1), ev.WorkerLeft(1))

    assert talk.run.next_deadline() == talk.now + limit

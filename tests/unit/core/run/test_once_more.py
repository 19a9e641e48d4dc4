"""Specification of `core.run.once_more`, as conversations."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.again.inquiry import Answer, Verdict
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.levels import Level

from ..talks import CLEAN, KILL, SEGV, Talk, ended, kinds, of


def crash(talk, worker, item, end=SEGV, subject=""):
    """Let a worker join, begin a test and die of it."""
    return talk.tell(
        ev.WorkerJoined(worker), ev.TestStarted(worker, item),
        ended(worker, end, Phase.SETUP, item, subject), ev.Tick(),
    )  # fmt: skip


def last_crashed(text="a a", **policy):
    """Return a run whose last test has crashed after the others, and what that made it want."""
    talk = Talk(text, **policy)
    talk.tell(ev.WorkerJoined(1))
    last = len(talk.items) - 1
    for item in range(last):
        talk.test(1, item)
    return talk, talk.tell(ev.TestStarted(1, last), ended(1, SEGV, Phase.CALL, last), ev.Tick())


def test_a_crashed_test_runs_again_alone_when_all_is_done():
    """In a process of its own, of which nothing counts; then the run ends."""
    talk, wanted = last_crashed(verify="crashes")
    assert kinds(wanted) == [do.ReportCrash, do.StartWorker, do.Assign]
    assert wanted[2] == do.Assign(2, (1,), do.END)

    talk.tell(ev.WorkerJoined(2))
    talk.test(2, 1)
    answered = talk.leave(2)

    assert answered[0] == do.ReportAnswer(1, Answer(Verdict.NEEDS, State.PASSED), (0,))
    assert kinds(answered[1:]) == [do.ReleaseTemplate]
    assert talk.states == [State.PASSED, State.CRASHED]


@pytest.mark.parametrize(
    ("end", "verdict"),
    [(ended(2, SEGV, Phase.CALL, 1), Verdict.ALONE), (ended(2), Verdict.UNCLEAR)],
)
def test_a_death_in_a_trial_is_an_answer_and_no_news(end, verdict):
    """Of the test, if it was in hand: nobody is told of another crash."""
    talk, _wanted = last_crashed(verify="crashes")
    begun = [ev.TestStarted(2, 1)] if verdict is Verdict.ALONE else []
    told = talk.tell(ev.WorkerJoined(2), *begun, end)

    assert [action.answer.verdict for action in of(do.ReportAnswer, told)] == [verdict]
    assert not of(do.ReportCrash, told) + of(do.ReportBreach, told)
    assert talk.states == [State.PASSED, State.CRASHED]


def test_a_trial_has_a_limit_where_tests_have_none():
    """A test that hangs alone must not hang the run."""
    talk, _wanted = last_crashed(verify="crashes")
    talk.tell(ev.WorkerJoined(2), ev.TestStarted(2, 1))

    assert of(do.Escalate, talk.wait(61))


def test_nothing_is_tried_when_the_run_was_stopped():
    """Who stops a run wants it to end."""
    talk = Talk("a a", verify="crashes", retries=1)
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    talk.tell(ev.StopAsked("maxfail"))
    told = talk.tell(ev.TestStarted(1, 1), ended(1, SEGV, Phase.CALL, 1), ev.Tick())

    assert [crash.again for crash in of(do.ReportCrash, told)] == [False]
    assert not of(do.StartWorker, told)


def test_a_search_that_is_interrupted_leaves_the_best_so_far():
    """What was found is told; a trial that was cut off proves nothing."""
    talk, _wanted = last_crashed("a a a", verify="crashes", bisect=60.0)
    talk.tell(ev.WorkerJoined(2))
    talk.test(2, 2)
    talk.leave(2)
    talk.tell(ev.WorkerJoined(3))
    for item in (0, 1):
        talk.test(3, item)
    talk.tell(ev.TestStarted(3, 2), ended(3, SEGV, Phase.CALL, 2), ev.Tick())
    talk.tell(ev.WorkerJoined(4), ev.TestStarted(4, 1), ev.Interrupted())
    told = talk.tell(ended(4, KILL, Phase.CALL, 1))

    so_far = Answer(Verdict.NEEDS, State.PASSED, (0, 1), unfinished=True)
    assert of(do.ReportAnswer, told) == [do.ReportAnswer(2, so_far, (0, 1))]
    assert not of(do.StartWorker, told)


def test_a_retry_that_passes_makes_a_flaky_test():
    """Its crash was told as one that does not count."""
    talk, wanted = last_crashed(retries=1)
    assert [(one.again, one.attempt) for one in of(do.ReportCrash, wanted)] == [(True, 1)]
    assert of(do.Assign, wanted) == [do.Assign(2, (1,), do.END)]

    talk.tell(ev.WorkerJoined(2))
    talk.test(2, 1)
    told = talk.leave(2)

    assert not of(do.TellWithheld, told)
    assert talk.states == [State.PASSED, State.FLAKY]


@pytest.mark.parametrize(
    ("outcome", "state"), [("failed", State.FAILED), ("skipped", State.SKIPPED)]
)
def test_another_end_of_a_retry_is_what_counts(outcome, state):
    """Only one that passes is flaky."""
    talk, _wanted = last_crashed(retries=1)
    talk.tell(ev.WorkerJoined(2))
    talk.test(2, 1, outcome)
    talk.leave(2)

    assert talk.states[1] is state


def test_the_last_crash_counts():
    """It says which attempt it was, and is looked into no more: it was alone."""
    talk, _wanted = last_crashed(retries=1, verify="crashes")
    told = crash(talk, 2, 1)

    assert [(one.again, one.attempt) for one in of(do.ReportCrash, told)] == [(False, 2)]
    assert not of(do.StartWorker, told)
    assert talk.states == [State.PASSED, State.CRASHED]


def test_a_retry_that_is_interrupted_leaves_a_crash():
    """The test has crashed once, and that is told for good."""
    talk, _wanted = last_crashed(retries=1)
    talk.tell(ev.WorkerJoined(2), ev.TestStarted(2, 1), ev.Interrupted())
    told = talk.tell(ended(2, KILL, Phase.CALL, 1))

    assert of(do.TellWithheld, told) == [do.TellWithheld(1)]
    assert talk.states == [State.PASSED, State.CRASHED]


def test_a_retry_that_never_begins_leaves_a_crash():
    """So does a process that dies before the test, and a run that is stopped meanwhile."""
    talk, _wanted = last_crashed(retries=1)
    told = talk.tell(ended(2, SEGV, Phase.STARTING))
    stopped = Talk("a b", retries=1, workers=2, level=Level.MODULE)
    crash(stopped, 1, 0)
    stopped.tell(ev.StopAsked("enough"), ev.WorkerJoined(2))
    late = stopped.leave(2)

    assert of(do.TellWithheld, told) == [do.TellWithheld(1)]
    assert of(do.TellWithheld, late) == [do.TellWithheld(0)]
    assert stopped.states[0] is State.CRASHED


def test_attempts_wait_until_all_workers_are_gone():
    """A test that was killed for want of memory has the machine for itself then."""
    talk = Talk("a b", retries=1, workers=2, level=Level.MODULE)
    told = crash(talk, 1, 0)
    talk.tell(ev.WorkerJoined(2))
    talk.test(2, 1)

    assert not of(do.StartWorker, told)
    assert of(do.Assign, talk.leave(2)) == [do.Assign(3, (0,), do.END)]


def test_a_retry_sets_up_again_what_killed_a_process():
    """For others that fixture is doomed; the retry is there to try it."""
    talk = Talk("a a", retries=1)
    told = crash(talk, 1, 0, subject="module f of m")
    assert of(do.StartWorker, told)[0].doomed
    talk.tell(ev.WorkerJoined(2))
    talk.test(2, 1, "failed")

    assert of(do.StartWorker, talk.leave(2))[0].doomed == ()


def test_attempts_wait_for_a_template():
    """One that died meanwhile is started again."""
    talk, _wanted = last_crashed(retries=1)
    talk.tell(ev.TemplateEnded(1, SEGV))
    told = talk.tell(ended(2, KILL, Phase.STARTING))
    assert talk.run.closed is False
    told += talk.tell(talk.collected(template=2))

    assert of(do.TellWithheld, told) == [do.TellWithheld(1)]
    talk.tell(ev.TemplateEnded(2, CLEAN))
    assert talk.run.closed


def test_without_forking_attempts_are_spawned():
    """As any other process of such a run."""
    _talk, wanted = last_crashed(retries=1, spawn=True)

    assert [start.fork for start in of(do.StartWorker, wanted)] == [False]


def test_a_plugins_wish_takes_the_place_of_a_trial():
    """A test that pytest-rerunfailures asks for is run again once, and not twice."""
    talk = Talk("a a", verify="crashes")
    talk.tell(ev.WorkerJoined(1))
    talk.test(1, 0)
    talk.tell(ev.TestStarted(1, 1), ended(1, SEGV, Phase.CALL, 1))
    talk.tell(ev.Requeued(1), ev.Tick(), ev.WorkerJoined(2))
    talk.test(2, 1)

    assert not of(do.StartWorker, talk.leave(2))
    assert talk.states == [State.PASSED, State.PASSED]


def test_a_plugins_wish_during_a_trial_is_heard_after_it():
    """The test waits for its turn as any other, and its trial goes on meanwhile."""
    talk, _wanted = last_crashed(verify="crashes")
    talk.tell(ev.WorkerJoined(2), ev.TestStarted(2, 1))
    assert talk.tell(ev.Requeued(1)) == []
    wanted = talk.tell(ended(2, SEGV, Phase.CALL, 1))

    assert kinds(wanted) == [do.ReportAnswer, do.StartWorker, do.Assign]
    talk.tell(ev.WorkerJoined(3))
    talk.test(3, 1)
    assert talk.states == [State.PASSED, State.PASSED]

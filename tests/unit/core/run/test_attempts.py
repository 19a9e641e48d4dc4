"""Specification of `core.run.attempts`."""

from __future__ import annotations

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.actions import ReportAnswer
from pytest_bulkhead.core.again.inquiry import Answer, Verdict
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.attempts import MAX_INQUIRIES, TRIAL_SECONDS, Attempt, Attempts

from ..suites import items


def attempts(**policy):
    return Attempts(Policy(**policy))


def test_a_test_is_retried_as_often_as_is_wanted():
    """The attempt that crashed first is number one."""
    tried = attempts(retries=2)
    outcomes = []
    for _attempt in range(3):
        outcomes.append((tried.number(7), tried.retry(7)))
        tried.next(0.0)

    assert outcomes == [(1, True), (2, True), (3, False)]


def test_none_is_retried_unasked():
    """Retries are off by default."""
    assert not attempts().retry(7)


def test_a_run_has_a_budget_of_retries():
    """When many tests crash, something else is wrong."""
    tried = attempts(retries=5, retry_budget=2)

    assert [tried.retry(item) for item in range(4)] == [True, True, False, False]


def test_retries_come_before_trials():
    """Their reports are part of the run."""
    tried = attempts(retries=1, verify="crashes")
    tried.ask_of_crash(3, (1, 2))
    tried.retry(7)

    assert tried.next(0.0) == Attempt((7,), counts=True)
    assert tried.next(0.0) == Attempt((3,), counts=False)


def test_a_trial_that_is_not_answered_yet_is_made_again():
    """It may have had to wait for a template."""
    tried = attempts(verify="crashes")
    tried.ask_of_crash(3, (1, 2))

    assert tried.next(0.0) == tried.next(1.0) == Attempt((3,), counts=False)


def test_a_crash_is_looked_into_only_after_others():
    """One that came first needs nobody; and only if that is wanted."""
    tried = attempts(verify="crashes")
    tried.ask_of_crash(3, ())
    off = attempts()
    off.ask_of_crash(3, (1,))

    assert tried.next(0.0) is None
    assert off.next(0.0) is None


def test_failures_are_looked_into_when_asked():
    """By default they are not."""
    suite = items("a a")
    default, asked = attempts(verify="crashes"), attempts(verify="failures", level=Level.FUNCTION)
    default.ask_of_failure(suite[1], suite, (0,))
    asked.ask_of_failure(suite[1], suite, (0,))
    asked.ask_of_failure(suite[0], suite, ())  # which nothing could have influenced

    assert default.next(0.0) is None
    assert asked.next(0.0) == Attempt((1,), counts=False)
    assert asked.learn(State.PASSED, 0.0)
    assert asked.next(0.0) is None


def test_an_answer_is_told_with_what_ran_before():
    """Then the next test has its turn."""
    tried = attempts(verify="crashes", bisect=9.0)
    tried.ask_of_crash(3, (1, 2))
    tried.ask_of_crash(5, (4,))
    tried.next(0.0)

    assert tried.learn(State.PASSED, 0.0) is None
    assert tried.next(0.0) == Attempt((1, 2, 3), counts=False)
    assert tried.learn(State.CRASHED, 0.0) is None
    assert tried.next(0.0) == Attempt((2, 3), counts=False)
    assert tried.learn(State.CRASHED, 0.0) == (
        ReportAnswer(3, Answer(Verdict.NEEDS, State.PASSED, (2,)), (1, 2))
    )
    assert tried.next(0.0) == Attempt((5,), counts=False)


def test_trials_have_a_limit_of_number_and_of_time():
    """What is under way when time is over says what it knows, the rest nothing."""
    tried = attempts(verify="crashes")
    for item in range(1, MAX_INQUIRIES + 5):
        tried.ask_of_crash(item, (0,))
    tried.next(0.0)
    answered = 1
    while tried.learn(State.PASSED, 0.0) and tried.next(0.0):
        answered += 1
    late = attempts(verify="crashes")
    late.ask_of_crash(1, (0,))
    late.ask_of_crash(2, (0,))
    late.next(100.0)

    assert answered == MAX_INQUIRIES
    assert late.learn(State.TIMED_OUT, 100.0 + TRIAL_SECONDS + 1) == (
        ReportAnswer(1, Answer(Verdict.UNCLEAR, State.TIMED_OUT), (0,))
    )
    assert late.next(200.0) is None


def test_what_a_trial_has_shown_is_told_though_time_is_over():
    """With a search that can't go on, too: all but a trial that was ended has shown something."""
    answers = []
    for stopped in (False, True):
        tried = attempts(verify="crashes", bisect=9.0)
        tried.ask_of_crash(3, (1, 2))
        tried.next(0.0)
        answers.append(tried.learn(State.PASSED, TRIAL_SECONDS + 1, stopped=stopped))

    assert answers == [ReportAnswer(3, Answer(Verdict.NEEDS, State.PASSED), (1, 2)), None]


def test_a_search_has_the_time_that_it_is_given():
    """Be it less than trials have otherwise, or more."""
    for seconds in (TRIAL_SECONDS / 2, TRIAL_SECONDS * 2):
        tried = attempts(verify="crashes", bisect=seconds)
        tried.ask_of_crash(3, (1, 2))
        tried.next(100.0)
        tried.learn(State.PASSED, 100.0)
        tried.next(100.0)
        assert tried.learn(State.CRASHED, 100.0 + seconds - 1) is None
        told = tried.learn(State.PASSED, 100.0 + seconds + 1)
        assert told == ReportAnswer(
            3, Answer(Verdict.NEEDS, State.PASSED, (1, 2), unfinished=True), (1, 2)
        )


def test_what_is_abandoned_is_told():
    """A crash that was withheld is never lost."""
    tried = attempts(retries=1, verify="crashes")
    tried.retry(7)
    tried.retry(4)
    tried.ask_of_crash(3, (1, 2))

    assert tried.abandon() == [4, 7]
    assert tried.abandon() == []
    assert tried.next(0.0) is None

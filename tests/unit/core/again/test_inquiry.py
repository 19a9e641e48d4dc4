"""Specification of `core.again.inquiry`."""

from __future__ import annotations

import dataclasses

import pytest

from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.again.inquiry import (
    Answer,
    OutOfTimeError,
    Verdict,
    ask_alone,
    ask_failed,
    ask_wider,
    wider_parts,
)
from pytest_bulkhead.core.levels import Level

from ..suites import items

CRASHED, PASSED, FAILED, SKIPPED = State.CRASHED, State.PASSED, State.FAILED, State.SKIPPED


def talk(inquiry, ends, limit=99):
    """Answer an inquiry by a function of the tests before; return what it returns, and how."""
    asked = []
    try:
        part = next(inquiry)
        while True:
            asked.append(part)
            late = len(asked) > limit
            part = inquiry.throw(OutOfTimeError) if late else inquiry.send(ends(part))
    except StopIteration as done:
        return done.value, asked


@pytest.mark.parametrize(
    ("state", "verdict"),
    [
        (CRASHED, Verdict.ALONE), (PASSED, Verdict.NEEDS), (SKIPPED, Verdict.NEEDS),
        (FAILED, Verdict.UNCLEAR), (State.TIMED_OUT, Verdict.UNCLEAR),
        (State.NOT_RUN, Verdict.UNCLEAR),
    ],
)  # fmt: skip
def test_a_test_that_crashed_after_others_is_run_alone(state, verdict):
    """It needs others only if it ends well then; another bad end says nothing of them."""
    inquiry = ask_alone(CRASHED, (0, 1), search=False)

    assert talk(inquiry, lambda _part: state) == (Answer(verdict, state), [()])


def test_the_smallest_part_is_searched_for_if_that_is_wanted():
    """The search is that of bisection, with the same end being looked for."""
    ends = lambda part: CRASHED if {3, 6} <= set(part) else PASSED  # noqa: E731
    answer, asked = talk(ask_alone(CRASHED, tuple(range(8)), search=True), ends)

    assert answer == Answer(Verdict.NEEDS, PASSED, (3, 6))
    assert asked[:2] == [(), tuple(range(8))]


def test_one_that_passes_after_all_of_them_is_unclear():
    """It crashed once, and nobody can say why."""
    answer, _asked = talk(ask_alone(CRASHED, (0, 1), search=True), lambda _part: PASSED)

    assert answer == Answer(Verdict.UNCLEAR, PASSED)


def test_a_search_that_is_cut_short_tells_the_best_part_so_far():
    """And that it is not the smallest for sure."""
    ends = lambda part: CRASHED if 3 in part else PASSED  # noqa: E731
    answer, _asked = talk(ask_alone(CRASHED, tuple(range(8)), search=True), ends, limit=4)

    assert answer.unfinished
    assert answer.verdict is Verdict.NEEDS
    assert 3 in answer.culprits
    assert len(answer.culprits) < 8


def test_without_an_answer_it_ends_with_the_time():
    """Before anything is known nothing is said."""
    inquiry = ask_alone(CRASHED, (0,), search=True)
    next(inquiry)

    with pytest.raises(OutOfTimeError):
        inquiry.throw(OutOfTimeError)


def test_a_failure_that_passes_in_a_wider_process_is_a_hidden_dependency():
    """The narrowest level at which it passes is told, and which tests it needs there."""
    wider = [(Level.MODULE, (4, 5)), (Level.SESSION, (0, 1, 2, 3, 4, 5))]
    module, _asked = talk(ask_wider(wider), lambda part: PASSED if 4 in part else FAILED)
    session, _asked = talk(ask_wider(wider), lambda part: PASSED if {1, 5} <= {*part} else FAILED)

    assert module == Answer(Verdict.HIDDEN, PASSED, (4,), Level.MODULE)
    assert session == Answer(Verdict.HIDDEN, PASSED, (1, 5), Level.SESSION)


def test_a_failure_that_fails_everywhere_is_its_own():
    """Also where there is no wider process."""
    assert talk(ask_wider([(Level.MODULE, (1,))]), lambda _part: FAILED)[0] == (
        Answer(Verdict.ALONE, FAILED)
    )
    assert talk(ask_wider([]), lambda _part: FAILED)[0] == Answer(Verdict.ALONE, FAILED)


def test_a_failure_after_others_may_have_either_cause():
    """First it is run alone; only one that fails so too may miss a test."""
    ask = lambda: ask_failed((5,), [(Level.SESSION, (0, 5))], search=False)  # noqa: E731
    leaked, _asked = talk(ask(), lambda part: FAILED if part else PASSED)
    hidden, _asked = talk(ask(), lambda part: PASSED if 0 in part else FAILED)
    own, asked = talk(ask(), lambda _part: FAILED)

    assert leaked.verdict is Verdict.NEEDS
    assert hidden == Answer(Verdict.HIDDEN, PASSED, (0,), Level.SESSION)
    assert own.verdict is Verdict.ALONE
    assert asked == [(), (0, 5)]


def test_what_would_run_before_it_at_wider_levels():
    """Only levels that are wider, and only if more would run before it there."""
    suite = [
        dataclasses.replace(one, scopes=one.scopes._replace(module=name))
        for one, name in zip(items("a a b b"), "aabb", strict=True)
    ]
    last = suite[3]

    assert wider_parts(last, suite, Level.FUNCTION) == [
        (Level.MODULE, (2,)), (Level.SESSION, (0, 1, 2)),
    ]  # fmt: skip
    assert wider_parts(suite[1], suite, Level.FUNCTION) == [(Level.MODULE, (0,))]
    assert wider_parts(last, suite, Level.MODULE) == [(Level.SESSION, (0, 1, 2))]
    assert wider_parts(last, suite, Level.SESSION) == []
    assert wider_parts(suite[0], suite, Level.FUNCTION) == []

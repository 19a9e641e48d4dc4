"""Specification of `core.doctor.survey`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.doctor.checkup import Word
from pytest_bulkhead.core.doctor.imports import Paid
from pytest_bulkhead.core.doctor.survey import (
    LEVELS,
    PLAIN,
    TEARDOWN,
    Change,
    Collected,
    Round,
    Suite,
    changes,
    examine_suite,
    recommended,
    to_validate,
)
from pytest_bulkhead.core.known import Known, Unknown

FINE = {"a": "passed", "b": "failed"}
BROKEN = {"a": "failed", "b": "failed"}
PLAINLY = Round(PLAIN, 10.0, FINE)


def rounds(**different):
    """Return a round for each level: 11, 12, 13 and 14 seconds, and what is different."""
    usual = {level: Round(level, 11.0 + at, FINE) for at, level in enumerate(LEVELS)}
    return [*(usual | different).values()]


def suite(**different):
    usual = Suite(Collected(2), Known("", "its proof"), PLAINLY, rounds())
    return usual._replace(**different)


def sign(what, **different):
    """Return what is told of something, as (word, text)."""
    [found] = [one for one in examine_suite(suite(**different)) if one.what == what]
    return found.word, found.text


def level_of(**different):
    best = recommended(suite(**different))
    return best and best.level


# -- what changes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "after", "worse"),
    [
        ("passed", "failed", True),
        ("passed", "crashed", True),
        ("passed", "timed out", True),
        ("passed", "not run", True),
        ("passed", f"passed{TEARDOWN}", True),
        ("passed", "skipped", False),
        ("failed", "passed", False),
        ("failed", "crashed", False),
        (f"passed{TEARDOWN}", "passed", False),
    ],
)
def test_what_is_worse(before, after, worse):
    """A test that breaks, or does not run, and did not break before."""
    [change] = changes(Round("", ends={"a": before}), Round("", ends={"a": after}))

    assert change.worse is worse
    assert str(change) == f"a {after}, not {before}"


def test_only_tests_that_ended_are_compared():
    """Of one that plain pytest did not come to, nothing is known; one that is gone did not run."""
    before = Round("", ends={"a": "passed", "b": "not run", "c": "passed"})

    assert changes(before, Round("", ends={"a": "passed", "b": "failed"})) == [
        Change("c", "passed", "not run")
    ]


# -- what suits ------------------------------------------------------------------------------------


def test_the_tightest_level_that_costs_little_is_recommended():
    """Half as much again as plain pytest, and a second."""
    assert level_of() == "function"
    assert level_of(rounds=rounds(function=Round("function", 16.1, FINE))) == "class"


def test_where_each_costs_much_the_cheapest_is_recommended():
    """Isolation is not free."""
    dear = [Round(level, 40.0 - at, FINE) for at, level in enumerate(LEVELS)]

    assert level_of(rounds=dear) == "function"
    assert level_of(rounds=dear[::-1]) == "function"
    assert "function level: the cheapest" in sign("recommended", rounds=dear)[1]


def test_a_level_at_which_a_test_breaks_is_not_recommended():
    """Nor one that says nothing."""
    function, late = Round("function", 1.0, BROKEN), Round("class", 1.0, void="late")

    assert level_of(rounds=rounds(function=function)) == "class"
    assert level_of(rounds=rounds(function=function, **{"class": late})) == "module"


def test_where_plain_pytest_dies_levels_are_compared_with_each_other():
    """Its own seconds are not those of the whole suite."""
    died = Round(PLAIN, 0.1, {"a": "passed", "b": "crashed"}, died="b")
    healthy = [one._replace(ends={"a": "passed", "b": "crashed"}) for one in rounds()]

    assert level_of(plain=died, rounds=healthy) == "function"
    assert sign(PLAIN, plain=died) == (Word.WRONG, "dies after 0.10 s: b")


def test_without_plain_pytest_nothing_is_recommended():
    """There is nothing to compare with; time may help."""
    hung = Round(PLAIN, 9.0, void="it was ended after 9 s, in b")

    assert level_of(plain=hung) is None
    assert sign("recommended", plain=hung)[0] is Word.NOTE
    assert sign(PLAIN, plain=hung) == (Word.NOTE, "says nothing: it was ended after 9 s, in b")


def test_each_recommendation_is_validated_until_one_holds():
    """In another order; a level that this refutes, and all that are weaker, are out."""
    weak = rounds(
        **{"function": Round("function", 99.0, FINE), "class": Round("class", 98.0, FINE)}
    )
    assert to_validate(suite(rounds=weak)) == "module"

    refuted = suite(rounds=weak, shuffled=(Round("module", 5.0, BROKEN),))
    assert to_validate(refuted) == "class"

    held = refuted._replace(shuffled=(*refuted.shuffled, Round("class", 5.0, FINE)))
    assert to_validate(held) == ""
    assert recommended(held).level == "class"


def test_an_order_that_could_not_be_tried_refutes_nothing():
    """It was tried all the same, and is not again."""
    late = suite(shuffled=(Round("function", 5.0, void="late"),))

    assert (to_validate(late), recommended(late).level) == ("", "function")


# -- signs -----------------------------------------------------------------------------------------


def test_a_suite_that_is_well():
    """Each thing that was looked at has a sign, and none is wrong."""
    signs = {one.what: one.text for one in examine_suite(suite())}

    assert signs == {
        "suite": "2 tests",
        "imports": "no package costs the collection 0.05 s, or 10.00 MiB",
        "template": "it can be forked (its proof)",
        PLAIN: "10.00 s: 1 passed, 1 failed",
        "session level": f"11.00 s, 1.10 times {PLAIN}'s; all tests end as in {PLAIN}",
        "module level": f"12.00 s, 1.20 times {PLAIN}'s; all tests end as in {PLAIN}",
        "class level": f"13.00 s, 1.30 times {PLAIN}'s; all tests end as in {PLAIN}",
        "function level": f"14.00 s, 1.40 times {PLAIN}'s; all tests end as in {PLAIN}",
        "recommended": (
            "function level: the tightest that costs little, of those at which no test breaks"
        ),
    }
    assert {one.word for one in examine_suite(suite())} == {Word.OK}


def test_tests_that_end_otherwise_are_named():
    """Those that break first, three of them, and how many more."""
    before = dict.fromkeys("abcde", "passed")
    after = {"a": "skipped", "b": "failed", "c": "crashed", "d": "failed", "e": "failed"}
    tried = rounds(module=Round("module", 12.0, after))
    word, text = sign("module level", plain=Round(PLAIN, 10.0, before), rounds=tried)

    assert word is Word.NOTE
    assert text.endswith(
        "; 5 tests end otherwise: b failed, not passed; c crashed, not passed; "
        "d failed, not passed; and 2 more"
    )


def test_where_no_level_suits_that_is_wrong():
    """It is the suite that has to be mended."""
    broken = [one._replace(ends=BROKEN) for one in rounds()]

    assert sign("recommended", rounds=broken)[0] is Word.WRONG


def test_where_nothing_was_measured_that_is_no_fault():
    """There was no time."""
    late = [Round(level, void="late") for level in LEVELS]

    assert sign("recommended", rounds=late)[0] is Word.NOTE
    assert sign("module level", rounds=late) == (Word.NOTE, "says nothing: late")


@pytest.mark.parametrize(
    ("why", "word", "text"),
    [
        (Known("", "its proof"), Word.OK, "it can be forked"),
        (Known("a thread", "its proof"), Word.NOTE, "processes are spawned: a thread"),
        (Unknown("nobody asked"), Word.NOTE, "nobody asked"),
    ],
)
def test_whether_its_template_can_be_forked(why, word, text):
    """And why not."""
    told = sign("template", why_spawn=why)

    assert (told[0], text in told[1]) == (word, True)


def test_what_it_imports_is_named():
    """Seconds with all that a package imports, memory, and the line that led to it."""
    paid = Paid("torch", 1.0, 4.5, 100 * 2**20, "conftest.py:2")

    assert sign("imports", collected=Collected(2, [paid])) == (
        Word.OK, "torch costs the collection 4.50 s, 100.00 MiB: conftest.py:2",
    )  # fmt: skip


def test_what_clashes_is_wrong():
    """Two OpenMP runtimes, or a module that hides another one."""
    told = sign("clash", collected=Collected(2, clashes=["2 OpenMP runtimes are in one process"]))

    assert told == (Word.WRONG, "2 OpenMP runtimes are in one process")


@pytest.mark.parametrize(
    ("ends", "word", "text"),
    [
        (FINE, Word.OK, "function level, seed 7: all tests end as in their own order"),
        (BROKEN, Word.NOTE, "function level, seed 7: 1 test ends otherwise: a failed, not passed"),
    ],
)
def test_what_another_order_changes(ends, word, text):
    """With the seed that shows it again."""
    tried = {"shuffled": (Round("function", 5.0, ends),), "seed": 7}

    assert sign("shuffled", **tried) == (word, text)


@pytest.mark.parametrize(
    ("breaches", "word", "text"),
    [
        ((), Word.OK, "module level: no process crashes at interpreter exit"),
        (("w", "x", "y", "z"), Word.NOTE, "module level: w; x; y; and 1 more"),
    ],
)
def test_what_a_clean_exit_shows(breaches, word, text):
    """The deaths that leaving early avoids."""
    assert sign("clean exit", clean=Round("module", 5.0, FINE, breaches=breaches)) == (word, text)

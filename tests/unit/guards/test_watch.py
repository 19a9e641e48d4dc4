"""Specification of `guards.watch`: who is answerable for which change, told by a resource of paper."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.guards.resource import Resource, named_changes
from pytest_bulkhead.guards.watch import Watch


class Paper(Resource):
    """Names and values, as those of an environment."""

    name = "paper"
    watches = advice = ""

    def __init__(self):
        self.now = {}

    def snapshot(self):
        if self.now is None:
            raise ValueError
        return dict(self.now)

    def differences(self, before, after):
        return named_changes(before, after)

    def restore(self, before):
        self.now = dict(before)


@pytest.fixture
def paper():
    return Paper()


@pytest.fixture
def watch(paper):
    return Watch([paper])


def texts(found):
    return [text for left in found for text in left.texts]


def test_a_test_that_cleans_up_leaves_nothing(watch, paper):
    """What is as it was is no finding."""
    watch.begin("test")
    paper.now["A"] = 1
    del paper.now["A"]

    assert [] == watch.end("test")
    assert not watch.is_at_work("test")


def test_a_test_that_does_not_is_told(watch, paper):
    """Each thing is described, and can be put back."""
    paper.now = {"A": 1, "B": 1}
    watch.begin("test")
    paper.now = {"A": 2, "C": 3}

    found = watch.end("test")

    assert ["A was changed", "B was removed", "C was added"] == texts(found)
    assert () == watch.restore(found[0])
    assert {"A": 1, "B": 1} == paper.now


def test_a_wide_fixture_in_the_middle_of_a_test(watch, paper):
    """What it holds is not the test's; that the test has changed something before is still seen."""
    watch.begin("test")
    paper.now["T"] = 1
    watch.begin("fixture")
    paper.now["F"] = 1
    watch.end_setup("fixture", may_hold=True)

    assert watch.standing
    assert ["T was added"] == texts(watch.end("test"))


def test_a_wide_fixture_that_cleans_up(watch, paper):
    """Its set-up and its teardown together have changed nothing, whatever tests did meanwhile."""
    watch.begin("fixture")
    paper.now["F"] = 1
    watch.end_setup("fixture", may_hold=True)
    watch.begin("test")
    paper.now["T"] = 1
    watch.begin("fixture")
    del paper.now["F"]

    assert [] == watch.end_teardown("fixture")
    assert not watch.standing
    assert ["T was added"] == texts(watch.end("test"))


def test_a_wide_fixture_that_does_not(watch, paper):
    """It is told of what it alone has left, in its set-up or in its teardown."""
    watch.begin("fixture")
    paper.now["F"] = 1
    watch.end_setup("fixture", may_hold=True)
    paper.now["T"] = 1
    watch.begin("fixture")
    paper.now["G"] = 1

    assert ["F was added", "G was added"] == texts(watch.end_teardown("fixture"))


def test_a_fixture_within_a_fixture(watch, paper):
    """One that is set up in the middle of another's set-up answers for its part, that one for the rest."""
    watch.begin("outer")
    paper.now["O"] = 1
    watch.begin("inner")
    paper.now["I"] = 1
    watch.end_setup("inner", may_hold=True)
    watch.end_setup("outer", may_hold=True)
    watch.begin("outer")

    assert ["O was added"] == texts(watch.end_teardown("outer"))


def test_a_fixture_whose_set_up_was_not_seen(watch, paper):
    """Nobody can say what it has left; but its teardown is not the test's."""
    paper.now["F"] = 1
    watch.begin("test")
    watch.begin("fixture")
    del paper.now["F"]

    assert [] == watch.end_teardown("fixture")
    assert [] == watch.end("test")


def test_what_is_put_back_is_put_back_for_all(watch, paper):
    """When a fixture's trace is taken away, the test that runs is not told of its going."""
    watch.begin("fixture")
    watch.end_setup("fixture", may_hold=True)
    watch.begin("test")
    watch.begin("fixture")
    paper.now["F"] = 1
    (left,) = watch.end_teardown("fixture")
    watch.restore(left)

    assert [] == watch.end("test")


def test_what_is_still_left(watch, paper):
    """Of what was left, that remains which is there now."""
    watch.begin("test")
    paper.now.update(A=1, B=1)
    (left,) = watch.end("test")
    del paper.now["A"]

    assert ("B was added",) == watch.still(left)


def test_what_raises_finds_nothing(watch, paper):
    """A state that cannot be had differs from no other."""
    watch.begin("test")
    paper.now = None

    assert [] == watch.end("test")


def test_who_may_hold_what_tests_start():
    """While a fixture stands that holds nothing, nobody waits for its end."""
    watch = Watch([])
    for owner, holds in (("policy", False), ("server", True)):
        watch.begin(owner)
        watch.end_setup(owner, may_hold=holds)
        assert watch.standing is holds
    watch.begin("server")
    watch.end_teardown("server")
    assert not watch.standing

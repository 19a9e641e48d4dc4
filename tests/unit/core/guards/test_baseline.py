"""Specification of `core.guards.baseline`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.guards.baseline import UNKNOWN, changed, rebased, same


class Touchy:
    """What cannot be compared."""

    __hash__ = None

    def __eq__(self, other):
        raise ValueError


def test_values_are_compared_whatever_they_are():
    """An object is itself, one that cannot be compared is another, and unknown is anything."""
    touchy = Touchy()

    assert same(touchy, touchy)
    assert not same(touchy, Touchy())
    assert same(UNKNOWN, touchy)
    assert same(touchy, UNKNOWN)
    assert [1] == changed(["a", "b", UNKNOWN], ["a", "c", "d"])


def test_what_nobody_else_changed_stays():
    """A baseline is as it was where the others changed nothing."""
    assert ["mine", 2] == rebased(["mine", 1], ["other", 1], ["other", 2])


def test_what_both_have_changed_is_unknown():
    """Of a value that the owner had changed before, and another after it, nobody is to be blamed."""
    assert [UNKNOWN] == rebased(["/home"], ["/tmp"], ["/fixture"])
    assert [UNKNOWN] == rebased([UNKNOWN], [1], [2])


def test_dicts_are_merged_by_their_keys():
    """What a fixture sets among the variables is there, what the test had set before is not."""
    base, before, after = {"A": 1, "D": 4}, {"A": 1, "T": 2, "D": 4}, {"A": 9, "T": 2, "F": 3}

    assert [{"A": 9, "F": 3}] == rebased([base], [before], [after])


names = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2))


@given(names, names)
def test_a_change_of_others_alone_leaves_nothing(before, after):
    """Who has changed nothing itself has nothing to answer for, whatever others did."""
    assert [after] == rebased([before], [before], [after])


@given(names, names, names)
def test_what_others_undo_was_never_there(base, before, after):
    """A change and its opposite are no change."""
    there = rebased([base], [before], [after])
    back = rebased(there, [after], [before])

    untouched = {key: value for key, value in base.items() if before.get(key) == after.get(key)}
    assert untouched.items() <= back[0].items()


@pytest.mark.parametrize("value", [1, "text", (1, 2)])
def test_a_dict_that_is_none_any_more(value):
    """A value that changed its type is taken as a whole."""
    assert [value] == rebased([{"a": 1}], [{"a": 1}], [value])

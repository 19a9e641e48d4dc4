"""Specification of `core.levels`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import itertools

import pytest

from pytest_bulkhead.core.levels import WORDS, Level, parse_level, tighter
from pytest_bulkhead.errors import UsageProblem


def test_words_are_pytest_scopes():
    """The levels are pytest's scopes, the widest first."""
    assert ("session", "package", "module", "class", "function") == WORDS


@pytest.mark.parametrize("level", Level)
def test_a_word_is_read_back(level):
    """parse_level returns the level whose word it is given."""
    assert level is parse_level(level.word, "option")


@pytest.mark.parametrize("word", ["Module", "", "test", None, 3, ["module"]])
def test_another_word_is_refused(word):
    """The refusal names the place, the value and what to write."""
    with pytest.raises(UsageProblem) as refusal:
        parse_level(word, "ini key isolate")

    assert (
        f"ini key isolate: {word!r} is no isolation level; "
        "write one of session, package, module, class, function"
    ) == str(refusal.value)


@pytest.mark.parametrize(("one", "other"), list(itertools.product(Level, Level)))
def test_the_tighter_of_two(one, other):
    """The tighter of two levels is the one whose processes live shorter, in either order."""
    assert max(one, other) is tighter(one, other)

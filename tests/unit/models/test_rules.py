"""Specification of `models.rules`: which model stands in for which."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.models.rules import (
    Rule,
    Use,
    counted,
    read_rules,
    read_variable,
    rule_for,
    unused,
)

BIG, SMALL = "Alibaba-NLP/gte-Qwen2-1.5B-instruct", "sentence-transformers/all-MiniLM-L6-v2"


def pairs(rules):
    return [(rule.wanted, rule.given) for rule in rules]


def test_a_rule_a_line():
    """Blanks around the arrow and empty lines mean nothing; a semicolon ends a rule of the variable."""
    assert [(BIG, SMALL), ("a/*", "./b")] == pairs(
        read_rules([f" {BIG}->{SMALL} ", "", "a/* -> ./b"], "x")
    )
    assert [(BIG, SMALL), ("a", "b")] == pairs(read_variable(f"{BIG} -> {SMALL};a->b; ", "x"))
    assert [("a", "b"), ("c", "d")] == pairs(read_variable("a -> b\nc -> d\n", "x"))
    assert () == read_variable("", "x")


@pytest.mark.parametrize(
    "line", [BIG, f"{BIG} ->", f"-> {SMALL}", "a -> b -> c", f"{BIG} - {SMALL}", "a -> a"]
)
def test_a_line_that_is_none(line):
    """It is told with where it stands and what to write."""
    with pytest.raises(UsageProblem, match=r"here: .*\n.*wanted -> stand-in") as told:
        read_rules([line], "here")
    assert repr(line) in str(told.value)


def test_a_model_has_one_stand_in():
    """Two for the same name would leave it to their order which of them is loaded."""
    with pytest.raises(UsageProblem, match="'A/b' has two stand-ins"):
        read_rules(["a/b -> c", "A/b -> d"], "here")
    assert 2 == len(read_rules(["a/* -> c", "a/b -> d"], "here"))


def test_the_rule_for_a_model():
    """Its very name counts before any pattern, the first pattern before the next; case does not count."""
    rules = read_rules(["a/* -> tiny", "a/b -> small", "*/b* -> other"], "x")

    assert "small" == rule_for(rules, "a/b").given
    assert "small" == rule_for(rules, "A/B").given
    assert "tiny" == rule_for(rules, "a/bc").given
    assert "other" == rule_for(rules, "z/bc").given
    assert None is rule_for(rules, "z/c")


def test_a_stand_in_has_none():
    """A chain is not followed, and a circle is none; nor does a pattern cover what it puts in."""
    chain = read_rules(["a -> b", "b -> c", "c -> a"], "x")

    assert None is rule_for(chain, "b")
    assert None is rule_for(chain, "B"), "case does not count here, either"
    assert None is rule_for(read_rules(["* -> tiny"], "x"), "tiny")


def test_what_came_of_rules():
    """Those by which nothing was loaded, and how often others were used where."""
    rules = read_rules(["a -> b", "c/* -> d"], "x")
    use = Use("c/x", "d", str(rules[1]), "t.py::t")

    assert [rules[0]] == unused(rules, [use])
    assert {use: 2, use._replace(test=""): 1} == counted([use, use._replace(test=""), use])


def test_a_rule_is_told_as_it_was_written():
    """Not with the folder that was found for it."""
    rule = Rule("a", "/site-packages/p/model", "here", "package:p/model")

    assert "a -> package:p/model" == str(rule)

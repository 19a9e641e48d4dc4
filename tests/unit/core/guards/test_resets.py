"""Specification of `core.guards.resets`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.guards.resets import Reset, parse_resets
from pytest_bulkhead.errors import UsageProblem


def test_lines():
    """A line is a path and a literal; empty lines are nothing."""
    lines = ["dspy.settings._instance = None", "", "  a.b={'x': [1]}  "]

    resets = parse_resets(lines)

    assert (
        Reset(("dspy", "settings", "_instance"), "None"),
        Reset(("a", "b"), "{'x': [1]}"),
    ) == resets


def test_each_reset_has_a_new_value():
    """What one test puts into a list, the next one does not find."""
    (reset,) = parse_resets(["a.b = []"])

    reset.value().append(1)

    assert [] == reset.value()


def test_the_longest_module_comes_first():
    """Where the module ends and its attributes begin is tried from the right."""
    (reset,) = parse_resets(["a.b.c.d = 0"])

    assert [("a.b.c", ("d",)), ("a.b", ("c", "d")), ("a", ("b", "c", "d"))] == list(reset.splits())


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a.b", "is not of the form"),
        ("a = 1", "is not of the form"),
        ("a..b = 1", "is not of the form"),
        ("a.b[0] = 1", "is not of the form"),
        ("= 1", "is not of the form"),
        ("a.b = c", "'c' is no literal"),
        ("a.b =", "'' is no literal"),
        ("a.b = f()", "'f()' is no literal"),
        ("a.b == 1", "'= 1' is no literal"),
    ],
)
def test_a_wrong_line_is_named(line, said):
    """The line, what is wrong with it, and what to write."""
    with pytest.raises(UsageProblem, match="ini key isolate_reset: ") as problem:
        parse_resets([line])

    assert said in str(problem.value)
    assert "hint: isolate_reset = " in str(problem.value)

"""Specification of `core.marks`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.marks import NAMES, Mark, Wish, read_marks
from pytest_bulkhead.errors import UsageProblem


def mark(name, /, *args, node="t.py::test", **kwargs):
    return Mark(name, args, kwargs, node)


def read(*marks):
    return read_marks("t.py::test", marks)


def test_names():
    """These marks are read here."""
    assert ("isolate", "xdist_group", "forked", "timeout") == NAMES


@pytest.mark.parametrize(
    ("wish", "marks"),
    [
        (Wish(), []),
        (Wish(Level.CLASS), [mark("isolate", "class")]),
        (Wish(Level.CLASS), [mark("isolate", scope="class")]),
        (Wish(group="a"), [mark("isolate", group="a")]),
        (Wish(Level.MODULE, "a"), [mark("isolate", "module", group="a")]),
        (Wish(group="a"), [mark("xdist_group", "a")]),
        (Wish(group="a"), [mark("xdist_group", name="a")]),
        (Wish(group="default"), [mark("xdist_group")]),
        (Wish(Level.FUNCTION), [mark("forked")]),
        (Wish(timeout=30.0), [mark("timeout", 30)]),
        (Wish(timeout=1.5), [mark("timeout", timeout=1.5)]),
        (Wish(timeout=0.0), [mark("timeout", 0)]),
    ],
)
def test_one_mark(wish, marks):
    """Each mark asks for what its arguments say."""
    assert wish == read(*marks)


def test_scopes_only_tighten():
    """Of the scopes on several nodes the tightest counts, wherever it stands."""
    near, far = mark("isolate", "module"), mark("isolate", "function", node="t.py")

    assert Wish(Level.FUNCTION) == read(near, far) == read(far, near)


def test_the_closest_timeout_counts():
    """A timeout on the test beats one on its class."""
    assert Wish(timeout=1.0) == read(mark("timeout", 1), mark("timeout", 9, node="t.py"))


def test_the_same_group_twice():
    """Two marks may name the same group."""
    assert Wish(group="a") == read(mark("isolate", group="a"), mark("xdist_group", "a"))


@pytest.mark.parametrize(
    ("words", "marks"),
    [
        ("asks for nothing", [mark("isolate")]),
        ("has no argument 'level'", [mark("isolate", level="class")]),
        ("takes one scope, not 2: ['class', 'module']", [mark("isolate", "class", "module")]),
        ("takes one scope, not 2", [mark("isolate", "class", scope="class")]),
        ("mark isolate: 'process' is no isolation level", [mark("isolate", "process")]),
        ("not empty, not ''", [mark("isolate", group="")]),
        ("not empty, not None", [mark("isolate", group=None)]),
        ("not empty, not 3", [mark("xdist_group", 3)]),
        (
            "scopes 'class' and 'module' contradict each other",
            [mark("isolate", "module"), mark("isolate", "class")],
        ),
        (
            "groups 'a' and 'b' contradict each other",
            [mark("isolate", group="a"), mark("isolate", group="b", node="t.py")],
        ),
        ("mark timeout: -1 is no number of seconds", [mark("timeout", -1)]),
        ("mark timeout: True is no number of seconds", [mark("timeout", True)]),
        ("mark timeout: '3' is no number of seconds", [mark("timeout", "3")]),
        ("mark timeout: None is no number of seconds", [mark("timeout")]),
        ("mark timeout: nan is no number of seconds", [mark("timeout", float("nan"))]),
    ],
)
def test_refusals(words, marks):
    """What cannot be met is refused, with the test's name and the offending value."""
    with pytest.raises(UsageProblem) as refusal:
        read(*marks)

    assert str(refusal.value).startswith("t.py::test: ")
    assert words in str(refusal.value)


def test_an_unread_timeout_is_not_judged():
    """A timeout that a closer one hides is not even looked at."""
    assert Wish(timeout=1.0) == read(mark("timeout", 1), mark("timeout", "x", node="t.py"))

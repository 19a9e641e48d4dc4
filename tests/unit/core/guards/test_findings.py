"""Specification of `core.guards.findings`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.guards.findings import (
    LEAVES,
    Done,
    Policy,
    parse_policies,
    read_leaves,
    what_is_done,
)
from pytest_bulkhead.core.marks import Mark
from pytest_bulkhead.errors import UsageProblem

NAMES = ("cwd", "environ", "random", "threads")
OFF, REPORT, RESTORE, FAIL = Policy


def parse(*words):
    return tuple(parse_policies(words, NAMES, {"random"}).values())


def leaves(*args, **kwargs):
    return Mark(LEAVES, args, kwargs, "t.py::test")


@pytest.mark.parametrize(
    ("policies", "words"),
    [
        ((REPORT, REPORT, OFF, REPORT), []),
        ((REPORT, REPORT, OFF, REPORT), ["report"]),
        ((OFF, OFF, OFF, OFF), ["off"]),
        ((FAIL, FAIL, OFF, FAIL), ["fail"]),
        ((REPORT, RESTORE, OFF, FAIL), ["report", "threads=fail", "environ=restore"]),
        ((REPORT, RESTORE, OFF, FAIL), ["threads=fail\n environ=restore", "report"]),
        ((OFF, OFF, REPORT, OFF), ["off", "random=report"]),
        ((RESTORE, OFF, OFF, RESTORE), ["fail", "restore", "environ=fail", "environ=off"]),
        ((REPORT, RESTORE, OFF, REPORT), ["environ=restore"]),
    ],
)
def test_policies(policies, words):
    """A bare word is for all guards that need not be asked for, the last word for a guard counts."""
    assert policies == parse(*words)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("reprot", "'reprot' is none of off, report, restore, fail"),
        ("environ=", "'environ=': '' is none of off"),
        ("environ=put back", "'environ=put': 'put' is none of"),
        ("env=fail", "there is no guard 'env', there are cwd, environ, random, threads"),
    ],
)
def test_a_wrong_policy_is_named(word, said):
    """The value, where it stands, what there is, and what to write instead."""
    with pytest.raises(UsageProblem, match="ini key isolate_guards: ") as problem:
        parse(word)

    assert said in str(problem.value)
    assert "hint: isolate_guards = report" in str(problem.value)


def test_marks_add_up():
    """Marks of test, class and module are joined; of two reasons the closest is kept."""
    marks = leaves("cwd", "threads", reason="here"), leaves("threads", "environ", reason="there")

    assert {"cwd": "here", "threads": "here", "environ": "there"} == read_leaves("t", marks, NAMES)
    assert {"cwd": ""} == read_leaves("t", [leaves("cwd")], NAMES)


@pytest.mark.parametrize(
    ("mark", "said"),
    [
        (leaves(), "names no guard"),
        (leaves("thread"), "there is no guard 'thread', there are cwd"),
        (leaves(["cwd"]), "there is no guard ['cwd']"),
        (leaves("cwd", why="so"), "no argument 'why'"),
        (leaves("cwd", reason=3), "a reason is a text, not 3"),
    ],
)
def test_a_wrong_mark_is_named(mark, said):
    """The test, the value, and what to write instead."""
    with pytest.raises(UsageProblem, match="test: mark leaves: ") as problem:
        read_leaves("t.py::test", [mark], NAMES)

    assert said in str(problem.value)
    assert "hint: write @pytest.mark.leaves(" in str(problem.value)


@pytest.mark.parametrize(
    ("done", "policy"),
    [(Done.REPORTED, REPORT), (Done.RESTORED, RESTORE), (Done.FAILED, FAIL)],
)
def test_what_is_done(done, policy):
    """The policy says what is done; what is accepted is left alone under each."""
    assert done == what_is_done(policy, accepted=False)
    assert Done.ACCEPTED == what_is_done(policy, accepted=True)

"""A recursion that the stack of C could not hold."""

from __future__ import annotations

import re
from collections import Counter

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.diagnosis.rule import Grounds, Rule, certain, left_by, likely, said
from pytest_bulkhead.core.diagnosis.stacks import Stack, crashed_stack

_ABORT, _SEGV = 6, 11
#: Of a hundred frames that are shown, so many are of few functions in a recursion.
_REPEATED, _FUNCTIONS = 90, 3
_UNRECOVERED = re.compile(
    r"^Fatal Python error: .*Cannot recover from stack overflow.*\nPython runtime state: ", re.M
)


def _limit_left(evidence: Evidence) -> Grounds | None:
    left = left_by(evidence, "recursion", "the recursion limit")
    deep = _depth(evidence)
    return certain(left, deep) if left and deep else None


def _overflow(evidence: Evidence) -> Grounds | None:
    line = said(evidence, _UNRECOVERED) if evidence.end.signal == _ABORT else ""
    if line:
        return certain(f"Python found it and aborted: {line}")
    deep = _depth(evidence)
    return likely(deep) if deep else None


def _depth(evidence: Evidence) -> str:
    """Return what recurses in the thread that crashed; empty when nothing does."""
    stack = crashed_stack(evidence.stacks)
    if evidence.end.signal != _SEGV or not stack.cut:
        return ""
    called = _recursing(stack)
    return f"it crashed more than {len(stack.frames)} calls deep, in {called}" if called else ""


def _recursing(stack: Stack) -> str:
    counts = Counter(function for _file, function in stack.frames).most_common(_FUNCTIONS)
    if sum(count for _function, count in counts) < _REPEATED:
        return ""
    return ", ".join(f"{count} times {name}" for name, count in counts if count > 1)


LIMIT_LEFT = Rule(
    "recursion_limit",
    "a test before has lifted the limit of recursion, and the stack of C ended first",
    "have that test set it back: monkeypatch, or a fixture's teardown",
    ("Fatal Python error: Segmentation fault, where RecursionError was expected",),
    "the guard `recursion` saw who left it, and the stack is a recursion: certain.",
    "https://docs.python.org/3/library/sys.html#sys.setrecursionlimit",
    _limit_left,
)
OVERFLOW = Rule(
    "stack_overflow",
    "the stack of C ended in a recursion",
    "end the recursion, or lower sys.setrecursionlimit(); deep input belongs into a thread with "
    "threading.stack_size()",
    (
        "Fatal Python error: Segmentation fault, and a hundred frames of one function",
        "Fatal Python error: _Py_CheckRecursiveCall: Cannot recover from stack overflow.",
    ),
    "Python's own words and SIGABRT: certain; more than a hundred frames of few functions and "
    "SIGSEGV: likely. A recursion of C alone does not show in a Python stack.",
    "https://docs.python.org/3/library/sys.html#sys.setrecursionlimit",
    _overflow,
)

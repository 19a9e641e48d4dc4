"""Specification of `core.diagnosis.recursion`."""

from __future__ import annotations

from pytest_bulkhead.core.diagnosis.recursion import LIMIT_LEFT, OVERFLOW

from .crashes import certainty, crash, left, stacks

DEEP = stacks(*["a.py:f", "a.py:g"] * 50, last="  ...")
LEFT = left("recursion", "the recursion limit: 1000000, was 1000")


def test_a_recursion_that_crashed_is_likely_an_overflow():
    """More frames than are shown, of few functions, and a segmentation fault."""
    assert certainty(OVERFLOW.judge(crash(11, stacks=DEEP))) == "likely"
    assert "50 times f, 50 times g" in OVERFLOW.judge(crash(11, stacks=DEEP)).reasons[0]


def test_other_deep_stacks_are_none():
    """Many functions, or few frames, or another signal."""
    many = stacks(*(f"a.py:f{number}" for number in range(100)), last="  ...")
    for evidence in (
        crash(11, stacks=many),
        crash(11, stacks=stacks(*["a.py:f"] * 50)),
        crash(6, stacks=DEEP),
        crash(11),
    ):
        assert OVERFLOW.judge(evidence) is None


def test_python_may_find_it_itself():
    """In its own words, followed by the state of the interpreter."""
    words = "Fatal Python error: _Py_CheckRecursiveCall: Cannot recover from stack overflow."
    output = f"{words}\nPython runtime state: initialized\n"

    assert certainty(OVERFLOW.judge(crash(6, output=output))) == "certain"
    assert OVERFLOW.judge(crash(6, output=words)) is None


def test_who_lifted_the_limit_is_named():
    """When the guard saw it left, and something recurses."""
    grounds = LIMIT_LEFT.judge(crash(11, stacks=DEEP, left=LEFT))

    assert certainty(grounds) == "certain"
    assert grounds.reasons[0].startswith("a.py::before left it there: the recursion limit")
    assert LIMIT_LEFT.judge(crash(11, stacks=DEEP)) is None
    assert LIMIT_LEFT.judge(crash(11, stacks=stacks("a.py:f"), left=LEFT)) is None

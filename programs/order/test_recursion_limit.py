"""A low recursion limit is left, and a later test goes deep."""

import sys


def depth():
    frame, found = sys._getframe(), 0
    while frame:
        frame, found = frame.f_back, found + 1
    return found


def deep(levels):
    return levels and deep(levels - 1)


def test_before():
    assert deep(20) == 0


def test_lowers_the_limit():
    sys.setrecursionlimit(depth() + 200)


def test_between():
    assert deep(20) == 0


def test_victim():
    assert deep(500) == 0

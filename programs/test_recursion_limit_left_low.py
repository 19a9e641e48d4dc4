"""A test passes and leaves a recursion limit at which pytest itself cannot go on."""

import sys


def test_before():
    pass


def test_guilty():
    depth, frame = 0, sys._getframe()
    while frame:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + 10)


def test_after():
    pass

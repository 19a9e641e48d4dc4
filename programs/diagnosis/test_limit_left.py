"""A test leaves the limit of recursion high; a later one recurses, and gets no RecursionError."""

import ctypes
import sys


# From Python 3.12 on recursion of C has a limit of its own, in 3.12 a low one.
SIZE = 16_384 if sys.version_info[:2] == (3, 12) else 4_096


class Large(ctypes.Structure):
    """Copied to the stack at each call."""

    _fields_ = (("bytes", ctypes.c_char * SIZE),)


@ctypes.CFUNCTYPE(None, Large)
def deeper(large):
    deeper(large)


def test_culprit():
    sys.setrecursionlimit(10**9)


def test_victim():
    deeper(Large())

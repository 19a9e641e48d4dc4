"""A test lifts the limit of recursion and recurses through C; the stack of C ends first."""

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


def test_guilty():
    sys.setrecursionlimit(10**9)
    deeper(Large())

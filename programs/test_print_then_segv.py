"""What a test printed before it crashed is in its own report, and in no other."""

import ctypes
import sys


def test_before():
    pass


def test_guilty():
    print("last words on stdout")
    print("last words on stderr", file=sys.stderr)
    ctypes.string_at(0)


def test_after():
    pass

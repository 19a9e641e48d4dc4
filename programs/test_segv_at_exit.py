"""A function that a test registered crashes when the interpreter exits."""

import atexit
import ctypes


def test_before():
    pass


def test_guilty():
    atexit.register(ctypes.string_at, 0)


def test_after():
    pass

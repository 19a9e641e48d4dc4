"""A function that a test registered ends the interpreter with a status."""

import atexit
import os


def test_before():
    pass


def test_guilty():
    atexit.register(os._exit, 7)


def test_after():
    pass

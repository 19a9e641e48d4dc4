"""A function that a test registered never returns."""

import atexit
import time


def test_before():
    pass


def test_guilty():
    atexit.register(time.sleep, 600)


def test_after():
    pass

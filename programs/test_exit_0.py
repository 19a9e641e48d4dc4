"""A test leaves the interpreter and calls it success."""

import os


def test_before():
    pass


def test_guilty():
    os._exit(0)


def test_after():
    pass

"""A test leaves the interpreter with a status."""

import os


def test_before():
    pass


def test_guilty():
    os._exit(3)


def test_after():
    pass

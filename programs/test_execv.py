"""A test becomes another program, which succeeds."""

import os


def test_before():
    pass


def test_guilty():
    os.execv("/bin/true", ["true"])


def test_after():
    pass

"""A test closes stdin, stdout and stderr."""

import os


def test_before():
    pass


def test_guilty():
    os.closerange(0, 3)


def test_after():
    pass

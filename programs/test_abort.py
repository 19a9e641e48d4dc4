"""`abort()` in a test."""

import os


def test_before():
    pass


def test_guilty():
    os.abort()


def test_after():
    pass

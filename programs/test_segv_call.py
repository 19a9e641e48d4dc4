"""A null dereference in the body of a test."""

import ctypes


def test_before():
    pass


def test_guilty():
    ctypes.string_at(0)


def test_after():
    pass

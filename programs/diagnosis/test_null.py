"""A plain null pointer: nothing but the test's own stack tells anything."""

import ctypes


def test_guilty():
    ctypes.string_at(0)

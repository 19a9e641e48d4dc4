"""A subtest fails (pytest 9), and then the test crashes: neither hides the other."""

import ctypes

import pytest

pytest.importorskip("pytest", minversion="9.0")


def test_before():
    pass


def test_guilty(subtests):
    with subtests.test("fails first"):
        raise AssertionError
    ctypes.string_at(0)


def test_after():
    pass

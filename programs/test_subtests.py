"""Failing subtests (pytest 9) fail their test."""

import pytest

pytest.importorskip("pytest", minversion="9.0")


def test_before():
    pass


def test_two_of_three_fail(subtests):
    for number in range(3):
        with subtests.test(number=number):
            assert number == 1


def test_all_pass(subtests):
    with subtests.test("fine"):
        pass


def test_after():
    pass

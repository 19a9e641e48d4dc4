"""A fixture of scope module crashes in its set-up; two tests need it."""

import ctypes

import pytest


@pytest.fixture(scope="module")
def broken():
    ctypes.string_at(0)


def test_before():
    pass


def test_first(broken):
    pass


def test_second(broken):
    pass


def test_after():
    pass

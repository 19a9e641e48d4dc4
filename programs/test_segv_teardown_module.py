"""A fixture of scope module crashes in its teardown."""

import ctypes

import pytest


@pytest.fixture(scope="module")
def broken():
    yield
    ctypes.string_at(0)


def test_before():
    pass


def test_user(broken):
    pass


def test_after():
    pass

"""A test fails, and then crashes in teardown: the failure is kept, the crash is told."""

import ctypes

import pytest


@pytest.fixture
def broken():
    yield
    ctypes.string_at(0)


def test_before():
    pass


def test_guilty(broken):
    assert 1 == 2, "the first cause"


def test_after():
    pass

"""A skipped test never gets to its crash, except in the teardown of what it had set up."""

import ctypes

import pytest


@pytest.fixture
def broken():
    yield
    ctypes.string_at(0)


def test_before():
    pass


@pytest.mark.skip(reason="it would crash")
def test_by_mark():
    ctypes.string_at(0)


def test_in_body():
    pytest.skip("it would crash")
    ctypes.string_at(0)


def test_then_teardown(broken):
    pytest.skip("it crashes all the same")


def test_after():
    pass

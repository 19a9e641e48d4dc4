"""Expected to fail is not expected to crash, whatever the mark says."""

import ctypes

import pytest


def test_before():
    pass


@pytest.mark.xfail
def test_any():
    ctypes.string_at(0)


@pytest.mark.xfail(raises=ValueError, strict=True)
def test_value_error():
    ctypes.string_at(0)


@pytest.mark.xfail(run=False, reason="it would crash")
def test_not_run():
    ctypes.string_at(0)


@pytest.mark.xfail
def test_really_fails():
    raise AssertionError


@pytest.mark.xfail
def test_unexpectedly_passes():
    pass


def test_after():
    pass

"""Warnings reach the summary, also those given before another test crashed."""

import ctypes
import warnings

import pytest

pytestmark = pytest.mark.filterwarnings("default")


def test_before():
    warnings.warn("before the crash", UserWarning)


def test_guilty():
    ctypes.string_at(0)


def test_after():
    warnings.warn("after the crash", UserWarning)

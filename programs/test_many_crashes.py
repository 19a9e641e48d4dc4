"""Every second test crashes."""

import ctypes

import pytest


@pytest.mark.parametrize("number", range(8))
def test_it(number):
    if number % 2:
        ctypes.string_at(0)

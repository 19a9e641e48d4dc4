"""A loop in C that never ends and never lets go of the GIL."""

import pytest


def test_before():
    pass


@pytest.mark.timeout(1)
def test_guilty():
    sum(range(10**12))


def test_after():
    pass

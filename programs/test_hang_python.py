"""A loop in Python that never ends."""

import pytest


def test_before():
    pass


@pytest.mark.timeout(1)
def test_guilty():
    while True:
        pass


def test_after():
    pass

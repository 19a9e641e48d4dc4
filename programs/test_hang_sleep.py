"""A wait in the kernel that nobody ends."""

import time

import pytest


def test_before():
    pass


@pytest.mark.timeout(1)
def test_guilty():
    time.sleep(600)


def test_after():
    pass

"""A test takes longer than it may."""

import time

import pytest


@pytest.mark.timeout(0.3)
def test_guilty():
    time.sleep(60)

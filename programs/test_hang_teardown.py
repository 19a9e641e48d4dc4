"""A test passes, and then its teardown never ends."""

import time

import pytest


@pytest.fixture
def slow_to_leave():
    yield
    time.sleep(600)


def test_before():
    pass


@pytest.mark.timeout(1)
def test_guilty(slow_to_leave):
    pass


def test_after():
    pass

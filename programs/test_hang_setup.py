"""The fixture of a test never comes."""

import time

import pytest


@pytest.fixture
def never_there():
    time.sleep(600)


def test_before():
    pass


@pytest.mark.timeout(1)
def test_guilty(never_there):
    pass


def test_after():
    pass

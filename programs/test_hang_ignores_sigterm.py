"""A test that hangs and does not listen to SIGTERM."""

import signal
import time

import pytest


def test_before():
    pass


@pytest.mark.timeout(1)
def test_guilty():
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    time.sleep(600)


def test_after():
    pass

"""SIGILL in a test."""

import os
import signal


def test_before():
    pass


def test_guilty():
    os.kill(os.getpid(), signal.SIGILL)


def test_after():
    pass

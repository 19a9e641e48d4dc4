"""SIGFPE in a test."""

import os
import signal


def test_before():
    pass


def test_guilty():
    os.kill(os.getpid(), signal.SIGFPE)


def test_after():
    pass

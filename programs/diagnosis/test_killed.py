"""Somebody kills the process, nobody knows who."""

import os
import signal


def test_guilty():
    os.kill(os.getpid(), signal.SIGKILL)

"""SIGKILL from nowhere: what an out-of-memory kill looks like, without the kernel's word for it."""

import os
import signal


def test_before():
    pass


def test_guilty():
    os.kill(os.getpid(), signal.SIGKILL)


def test_after():
    pass

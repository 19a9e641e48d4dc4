"""A test closes every descriptor that it can find, those of the runner included."""

import os


def test_before():
    pass


def test_guilty():
    for name in os.listdir("/proc/self/fd"):
        try:
            os.close(int(name))
        except OSError:
            pass


def test_after():
    pass

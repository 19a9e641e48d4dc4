"""The process becomes another program."""

import os


def test_guilty():
    os.execv("/bin/true", ["true"])

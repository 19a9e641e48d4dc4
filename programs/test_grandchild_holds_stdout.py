"""A test leaves a process behind that holds stdout open."""

import subprocess


def test_before():
    pass


def test_guilty():
    subprocess.Popen(["sleep", "60"])


def test_after():
    pass

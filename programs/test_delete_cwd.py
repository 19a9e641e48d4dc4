"""A test changes into a directory and deletes it."""

import os
import tempfile


def test_before():
    pass


def test_guilty():
    gone = tempfile.mkdtemp()
    os.chdir(gone)
    os.rmdir(gone)


def test_after():
    pass

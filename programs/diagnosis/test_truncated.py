"""A file shrinks under its mapping."""

import mmap
import tempfile


def test_guilty():
    with tempfile.TemporaryFile() as file:
        file.truncate(mmap.PAGESIZE)
        mapping = mmap.mmap(file.fileno(), mmap.PAGESIZE)
        file.truncate(0)
        mapping[0]

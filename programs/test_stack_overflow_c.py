"""C code recurses until the stack ends: glibc's parser of regular expressions does, for brackets."""

import ctypes


def test_before():
    pass


def test_guilty():
    # No Python frame is involved, so no recursion limit of any version stands in the way.
    ctypes.CDLL(None).regcomp(ctypes.create_string_buffer(4096), b"(" * 1_000_000, 1)


def test_after():
    pass

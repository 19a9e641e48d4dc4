"""C code recurses until the stack ends; no Python frame is involved."""

import ctypes


def test_guilty():
    ctypes.CDLL(None).regcomp(ctypes.create_string_buffer(4096), b"(" * 1_000_000, 1)

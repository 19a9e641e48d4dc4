"""glibc finds a double free and aborts."""

import ctypes


def test_before():
    pass


def test_guilty():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    block = libc.malloc(64)
    libc.free(block)
    libc.free(block)


def test_after():
    pass

"""The same memory is freed twice, long after it could be seen who does so."""

import ctypes


def test_guilty():
    libc = ctypes.CDLL(None)
    libc.malloc.restype = ctypes.c_void_p
    libc.free.argtypes = [ctypes.c_void_p]
    block = libc.malloc(10_000)
    libc.free(block)
    libc.free(block)
    other = libc.malloc(100)
    libc.free(other)
    libc.free(other)

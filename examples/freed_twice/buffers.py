"""The product: memory of a C library. It is freed by hand, and once more by the finaliser."""

import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.free.argtypes = [ctypes.c_void_p]


class Buffer:
    def __init__(self, size):
        self.address = libc.malloc(size)
        self.release = self.close  # a cycle: it waits for the collector

    def close(self):
        libc.free(self.address)

    def __del__(self):
        self.close()

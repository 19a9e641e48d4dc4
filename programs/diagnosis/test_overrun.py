"""A test writes past the end of a block; the next one frees the block behind it, and is the victim."""

import ctypes

libc = ctypes.CDLL(None)
libc.malloc.restype = ctypes.c_void_p
libc.malloc.argtypes = [ctypes.c_size_t]
libc.free.argtypes = [ctypes.c_void_p]

# Larger than what Python and pytest ask for: nobody else is given these before they are freed.
SIZE = 100_000
blocks = []


def test_culprit():
    blocks.extend(libc.malloc(SIZE) for _ in range(3))
    ctypes.memset(blocks[1] - 8, 0x41, 8)


def test_victim():
    for block in reversed(blocks):
        libc.free(block)

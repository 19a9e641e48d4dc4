"""A buffer is overrun; glibc sees it when a later test frees its neighbour."""

import ctypes

LIBC = ctypes.CDLL(None)
LIBC.malloc.restype = ctypes.c_void_p
LIBC.free.argtypes = [ctypes.c_void_p]
KEPT = []
#: With the eight bytes of its own size a multiple of sixteen: blocks stand side by side.
SIZE = 4008


def test_before():
    LIBC.free(LIBC.malloc(SIZE))


def test_overruns_a_buffer():
    blocks = [LIBC.malloc(SIZE) for _ in range(64)]
    lower = next(block for block in blocks if block + SIZE + 8 in blocks)
    # The size of a block stands right before it. All blocks stay: who frees the lower one sees it too.
    ctypes.memset(lower, 0x41, SIZE + 8)
    KEPT.append(lower + SIZE + 8)


def test_between():
    LIBC.free(LIBC.malloc(SIZE))


def test_victim():
    while KEPT:
        LIBC.free(KEPT.pop())

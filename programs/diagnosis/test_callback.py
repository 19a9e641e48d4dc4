"""C code calls back a function that was collected."""

import ctypes

COMPARE = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_int), ctypes.POINTER(ctypes.c_int))


def test_guilty():
    address = ctypes.cast(COMPARE(lambda a, b: a[0] - b[0]), ctypes.c_void_p).value
    more = [COMPARE(lambda a, b: 0) for _ in range(1000)]
    del more
    numbers = (ctypes.c_int * 100)(*range(100))
    ctypes.CDLL(None).qsort(numbers, 100, 4, ctypes.c_void_p(address))

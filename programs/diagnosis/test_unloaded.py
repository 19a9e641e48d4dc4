"""C code calls back a function whose memory was given back, as that of a library that was closed."""

import ctypes
import mmap


def test_guilty():
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    address = ctypes.addressof(ctypes.c_char.from_buffer(code))
    code.close()
    numbers = (ctypes.c_int * 100)(*range(100))
    ctypes.CDLL(None).qsort(numbers, 100, 4, ctypes.c_void_p(address))

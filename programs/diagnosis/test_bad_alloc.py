"""C++ is refused memory and nobody catches it."""

import ctypes


def test_guilty():
    new = ctypes.CDLL("libstdc++.so.6")._Znwm
    new.argtypes = [ctypes.c_size_t]
    new(2**62)

"""C++ calls `std::terminate`, as it does for an exception that nobody catches."""

import ctypes


def test_before():
    pass


def test_guilty():
    ctypes.CDLL("libstdc++.so.6")._ZSt9terminatev()


def test_after():
    pass

"""A buffer is unmapped while native code still has its address."""

import ctypes
import mmap

REGISTERED = []


def test_before():
    assert ctypes.string_at(b"abc") == b"abc"


def test_registers_a_buffer():
    with mmap.mmap(-1, 64 << 20) as block:
        view = ctypes.c_char.from_buffer(block)
        REGISTERED.append(ctypes.addressof(view) + (32 << 20))
        del view


def test_between():
    assert ctypes.string_at(b"abc") == b"abc"


def test_victim():
    for address in REGISTERED:
        ctypes.string_at(address)

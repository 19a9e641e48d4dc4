"""A test prints bytes that are not UTF-8, and crashes."""

import ctypes
import os


def test_before():
    pass


def test_guilty():
    os.write(1, b"caf\xe9 \xff\xfe\x00\x1b[31m\n")
    os.write(2, b"\x80\x81 ]]> <error/>\n")
    ctypes.string_at(0)


def test_after():
    pass

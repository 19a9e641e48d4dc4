"""A test prints what others print when they give up, and then does something else."""

import ctypes
import os

WORDS = b"""
double free or corruption (!prev)
Fatal Python error: none_dealloc: deallocating None: bug likely caused by a refcount error
OMP: Error #15: Initializing libiomp5.so, but found libomp.so already initialized.
terminate called after throwing an instance of 'std::bad_alloc'
Timeout (0:00:01)!
Those were the words of others.
"""


def test_null():
    os.write(2, WORDS)
    ctypes.string_at(0)


def test_aborts():
    os.write(2, WORDS)
    os.abort()


def test_exits():
    os.write(2, WORDS)
    os._exit(2)

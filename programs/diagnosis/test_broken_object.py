"""A test breaks an object; the collector finds it in the next one."""

import ctypes
import gc

kept = []


def test_culprit():
    kept.append([])
    kept.append(kept)
    type_of = ctypes.c_size_t.from_address(id(kept[0]) + 8)
    type_of.value = 8


def test_victim():
    gc.collect()

"""Specification of `core.crash.fault_text`, by what CPython 3.11 has written."""

from __future__ import annotations

from pytest_bulkhead.core.crash.fault_text import extension_packages, thread_count

FATAL = """Fatal Python error: Segmentation fault

Thread 0x00007f74dc0fe6c0 (most recent call first):
  File "/lib/python3.11/threading.py", line 982 in run

Current thread 0x00007f74e46b2b80 (most recent call first):
  File "/tmp/crash.py", line 3 in inner

Extension modules: numpy._core._multiarray_umath, numpy.linalg._umath_linalg, _yaml (total: 3)
"""


def test_threads():
    """The one that crashed, and the others."""
    assert thread_count(FATAL) == 2
    assert thread_count("") == 0


def test_packages():
    """Each once; a dump that was asked for names none."""
    assert extension_packages(FATAL) == ("numpy", "_yaml")
    assert extension_packages(FATAL.partition("Extension")[0]) == ()

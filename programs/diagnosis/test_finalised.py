"""The interpreter is finalised while a daemon thread holds the lock of stdout."""

import ctypes
import os
import sys
import threading


def test_guilty():
    _reading, writing = os.pipe()
    sys.stdout = open(writing, "w")
    threading.Thread(target=lambda: sys.stdout.write("x" * 1_000_000), daemon=True).start()
    threading.Event().wait(0.2)
    ctypes.pythonapi.Py_FinalizeEx()

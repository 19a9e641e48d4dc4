"""A forked child hangs in Python: no library has anything to do with it."""

import multiprocessing
import threading

import pytest

lock = threading.Lock()


@pytest.mark.timeout(0.5)
def test_guilty():
    with lock:
        child = multiprocessing.get_context("fork").Process(target=lock.acquire)
        child.start()
        child.join()

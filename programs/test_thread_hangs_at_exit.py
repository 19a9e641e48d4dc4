"""A thread that is no daemon outlives all tests."""

import threading
import time


def test_before():
    pass


def test_guilty():
    threading.Thread(target=time.sleep, args=(600,)).start()


def test_after():
    pass

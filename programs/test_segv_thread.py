"""A thread that one test started crashes while another test runs.

In a process of its own the first test takes its thread with it, and nothing happens.
"""

import ctypes
import threading

now = threading.Event()
threads = []


def crash_when_told():
    now.wait()
    ctypes.string_at(0)


def test_before():
    pass


def test_starts_it():
    threads.append(threading.Thread(target=crash_when_told, daemon=True))
    threads[0].start()


def test_victim():
    now.set()
    for thread in threads:
        thread.join()


def test_after():
    pass

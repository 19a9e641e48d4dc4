"""A lock is never released; a later test waits for it."""

import threading

import pytest

LOCK = threading.Lock()


def test_before():
    with LOCK:
        pass


def test_keeps_the_lock():
    LOCK.acquire()


def test_between():
    assert LOCK


@pytest.mark.timeout(0.5)
def test_victim():
    with LOCK:
        pass

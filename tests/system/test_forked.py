"""What the kernel tells of a forked child: what it waits for, and which libraries it has."""

from __future__ import annotations

import ctypes.util
import multiprocessing
import os
import subprocess
import sys
import threading

import pytest
from conftest import wait_for

from pytest_bulkhead.system import linux
from pytest_bulkhead.system.forked import forked_children

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="/proc is Linux's")


def look(child: multiprocessing.Process):
    return next((one for one in forked_children(os.getpid()) if one.pid == child.pid), None)


@pytest.fixture
def forked():
    """Fork a child that calls a function, and end it."""
    children = []

    def start(function):
        child = multiprocessing.get_context("fork").Process(target=function, daemon=True)
        child.start()
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.join()


def test_a_child_that_waits_for_a_lock_is_told_from_one_that_reads(forked):
    """The lock is one that the fork copied, held by a thread that it did not."""
    lock = threading.Lock()
    lock.acquire()
    reading, writing = os.pipe()
    waiting = forked(lock.acquire)
    reader = forked(lambda: os.read(reading, 1))

    assert wait_for(lambda: (seen := look(waiting)) and seen.waits)
    assert not look(reader).waits
    os.close(reading)
    os.close(writing)


def test_libraries_with_pools_are_known_by_their_files(forked):
    """Those that are mapped, whoever loaded them."""
    lock = threading.Lock()
    lock.acquire()
    if not ctypes.util.find_library("gomp"):
        pytest.skip("no libgomp is there to load")
    assert look(forked(lock.acquire)).pools == ()
    ctypes.CDLL("libgomp.so.1")
    assert look(forked(lock.acquire)).pools == ("OpenMP",)


def test_other_programs_are_no_forked_children():
    """A child that runs another program has libraries and locks of its own."""
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as other:
        assert other.pid not in [one.pid for one in forked_children(os.getpid())]
        other.communicate(b"\n")
    assert forked_children(other.pid) == ()

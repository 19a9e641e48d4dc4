"""Specification of `system.process` and `system.linux`, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from pytest_bulkhead.core.ends import decode_status
from pytest_bulkhead.system import linux, process

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="/proc and prctl are Linux's")


def _child(then):
    pid = process.fork()
    if pid == 0:
        try:
            then()
        finally:
            os._exit(0)
    return pid


def _wait_until(reached, seconds=5.0):
    deadline = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize(
    ("then", "end"),
    [
        (lambda: os._exit(3), "exit code 3"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "SIGKILL"),
        (lambda: None, "exit code 0"),
    ],
)
def test_an_end_is_decoded(then, end):
    """A child's end is its exit code or its signal, with the peak of its memory."""
    pid = _child(then)
    _wait_until(lambda: process.first_dead_child() == pid)
    status, peak, became = process.reap_status(pid)
    assert became == ""

    assert end == str(decode_status(status, peak))
    assert peak > 1000


def test_a_child_that_became_another_program_is_told():
    """By its name, which exec has set; Python in its place has the name that it had."""
    true = _child(lambda: os.execv("/bin/true", ["true"]))
    python = _child(lambda: os.execv(sys.executable, [sys.executable, "-c", ""]))
    for pid in (true, python):
        process.wait_dead(pid)
    assert process.reap_status(true, with_group=False)[2] == "true"
    assert process.reap_status(python, with_group=False)[2] == ""


def test_a_living_child_is_not_reaped():
    """Asking for the status of a child that lives answers None and does not wait."""
    pid = _child(lambda: time.sleep(60))

    assert process.reap_status(pid) is None
    process.wait_end(pid, 0)


def test_the_group_of_a_dead_leader_ends_with_it():
    """What a child left in its process group is ended before its pid is free."""
    read, write = os.pipe()

    def lead():
        process.own_group()
        sleeper = subprocess.Popen(["sleep", "60"])
        os.write(write, str(sleeper.pid).encode())

    pid = _child(lead)
    sleeper = int(os.read(read, 20))
    _wait_until(lambda: process.first_dead_child() == pid)
    process.reap_status(pid)

    _wait_until(lambda: linux.command_of(sleeper) == "")


def test_a_child_dies_with_its_parent():
    """The kernel ends a process whose parent is gone, whatever it is doing."""
    told, telling = os.pipe()
    wait, go = os.pipe()

    def parent():
        me = os.getpid()

        def child():
            linux.die_with_parent(me)
            os.write(telling, str(os.getpid()).encode())
            time.sleep(60)

        _child(child)
        os.read(wait, 1)

    pid = _child(parent)
    grandchild = int(os.read(told, 20))
    os.write(go, b"x")
    process.wait_end(pid, 5)

    _wait_until(lambda: linux.command_of(grandchild) == "")


def test_spawning_passes_what_it_should():
    """A spawned program gets its environment, its descriptors, and a process group of its own."""
    read, write = os.pipe()
    code = f"import os; os.write({write}, f'{{os.environ[\"WORD\"]}} {{os.getpgrp()}}'.encode())"
    pid = process.spawn([sys.executable, "-S", "-c", code], {"WORD": "hello"}, [write])
    told = os.read(read, 99).decode()
    process.wait_end(pid, 5)

    assert f"hello {pid}" == told


def test_descendants_are_found_and_described():
    """Children and their children are found, with command and time of start."""
    before = time.monotonic()
    shell = subprocess.Popen(["sh", "-c", "sleep 61 & wait"])
    _wait_until(lambda: len(linux.descendants_of(shell.pid)) == 1)
    (sleeper,) = linux.descendants_of(shell.pid)

    assert shell.pid in linux.children_of(os.getpid())
    _wait_until(lambda: linux.command_of(sleeper) == "sleep 61")
    assert before - 0.05 <= linux.start_of(sleeper) <= time.monotonic() + 0.05
    os.kill(sleeper, signal.SIGKILL)
    shell.wait()


def test_having_children_is_known():
    """Whether there are children is answered for the living and the dead."""
    before = process.has_children()
    pid = _child(lambda: None)

    assert process.has_children()
    process.wait_end(pid, 5)
    assert before == process.has_children()


def test_dead_pids_are_no_error():
    """Signals to processes that are gone answer False."""
    pid = _child(lambda: None)
    process.wait_end(pid, 5)

    assert not process.send_signal(pid, signal.SIGTERM)
    assert not process.signal_group(pid, signal.SIGTERM)
    assert linux.command_of(pid) == ""
    assert linux.children_of(pid) == []

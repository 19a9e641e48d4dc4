"""Specification of `system.looking`: what /proc tells of a real process that hangs."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from conftest import wait_for

from pytest_bulkhead.core.crash.standstill import between
from pytest_bulkhead.system import linux, looking, process
from pytest_bulkhead.system.page import memory_file

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="/proc is Linux's")

#: Writes its stacks when it is asked; has a child that does not know the signal, and a limit.
HANGS = """
import faulthandler, resource, signal, subprocess, sys, time
resource.setrlimit(resource.RLIMIT_AS, (2**40, 2**40))
child = subprocess.Popen(["sleep", "600"])
faulthandler.register({signum}, file={fd}, all_threads=True)
def hang():
    print("ready", flush=True)
    {body}
hang()
"""


@pytest.fixture
def hung():
    """Start a process that hangs, with a file for its stacks."""
    faults, started = memory_file("faults"), []

    def start(body):
        text = HANGS.format(signum=int(process.stack_dump_signal()), fd=faults, body=body)
        one = subprocess.Popen(
            [sys.executable, "-c", text], stdout=subprocess.PIPE, pass_fds=[faults],
            start_new_session=True,
        )  # fmt: skip
        started.append(one)
        assert one.stdout.readline() == b"ready\n"
        return one.pid, faults

    yield start
    for one in started:
        os.killpg(one.pid, 9)
        one.wait()
        one.stdout.close()
    os.close(faults)


def test_who_is_at_work_uses_a_cpu(hung):
    """Two looks at a loop: it is in line for a CPU at both, and uses it."""
    pid, _ = hung("while True: pass")
    first = looking.look(pid)
    assert wait_for(lambda: looking.look(pid).cpu > first.cpu)
    assert between(first, looking.look(pid)).running


def test_who_waits_uses_none(hung):
    """Two looks at one that sleeps."""
    pid, _ = hung("time.sleep(600)")
    assert wait_for(lambda: looking.look(pid).state == "S (sleeping)")
    first = looking.look(pid)
    assert between(first, looking.look(pid)).cpu == 0.0


def test_those_below_are_named_and_unharmed(hung):
    """A child that does not catch the signal for stacks is not sent it; one that does has stacks."""
    pid, faults = hung("time.sleep(600)")
    [below] = looking.below(pid, faults)
    assert (below.command, below.stacks) == ("sleep 600", "")
    assert process.exists(below.pid)

    own = {one.pid: one for one in looking.below(os.getpid(), faults)}
    assert own[pid].stacks.startswith("Current thread 0x")


def test_the_stacks_of_one_that_goes_on(hung):
    """They are taken out of the file; one that does not catch the signal has none, and lives."""
    pid, faults = hung("time.sleep(600)")
    os.write(faults, b"before")

    assert "in hang" in looking.stacks_of(pid, faults, 10.0)
    assert os.pread(faults, 100, 0) == b"before"
    assert looking.stacks_of(pid, faults, 10.0).count("most recent call first") == 1
    [below] = linux.descendants_of(pid)
    assert looking.stacks_of(below, faults, 10.0) == ""
    assert process.exists(below)


def test_descriptors_and_limits(hung):
    """What they mean, and the limits of memory that the process itself has set."""
    pid, faults = hung("time.sleep(600)")
    assert f"{faults} -> /memfd:faults (deleted)" in looking.open_files(pid)
    assert dict(looking.memory_limits(pid)) == {"RLIMIT_AS": 2**40}


def test_who_is_gone():
    """Nothing, and no error."""
    gone = subprocess.Popen(["true"])
    gone.wait()
    assert looking.look(gone.pid).cpu == 0.0
    assert [*looking.below(gone.pid, 0), *looking.open_files(gone.pid)] == []
    assert list(looking.memory_limits(gone.pid)) == []

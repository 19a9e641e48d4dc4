"""A child's last word, what its end gives back, and the memory that is copied for it."""

from __future__ import annotations

import mmap
import os
import socket

import pytest

from pytest_bulkhead.system import process
from pytest_bulkhead.system.bell import Bell
from pytest_bulkhead.system.burden import Burden
from pytest_bulkhead.system.pages import HotPages

pytestmark = pytest.mark.skipif(not hasattr(os, "eventfd"), reason="the kernel has no eventfd")


def child(life) -> int:
    """Fork a child that lives this and leaves; return its pid."""
    pid = process.fork()
    if pid == 0:
        try:
            life()
        finally:
            os._exit(0)
    return pid


def test_a_bell_is_heard_before_the_end_of_the_child():
    """Who rings need not have ended; who ends without ringing is noticed all the same."""
    bell, (ours, theirs) = Bell(), os.pipe()

    def ring_and_wait():
        os.close(theirs)
        bell.ring()
        os.read(ours, 1)

    ringing = child(ring_and_wait)
    assert bell.await_ring(ringing)
    assert process.reap_status(ringing) is None, "it waits for us"
    os.close(theirs)
    process.wait_end(ringing, 10)
    silent = child(lambda: None)
    assert not bell.await_ring(silent)
    process.wait_end(silent, 10)
    os.close(ours)


def test_a_ring_is_heard_once():
    """The ring of one child is not taken for that of the next."""
    bell = Bell()
    first = child(bell.ring)
    process.wait_dead(first)
    assert bell.await_ring(first)
    assert not bell.await_ring(first)
    process.wait_end(first, 10)


def test_a_burden_grows_by_descriptors_and_by_memory():
    """A port that is open, or 40 MB that were touched; not what was closed again."""
    burden = Burden()
    assert not burden.has_grown()
    with socket.socket():
        assert burden.has_grown()
    assert not burden.has_grown()
    ballast = b"x" * 40_000_000
    assert burden.has_grown()
    del ballast


@pytest.mark.skipif(not os.path.exists("/proc/self/pagemap"), reason="needs Linux's pagemap")
def test_pages_that_one_child_wrote_to_are_copied_for_the_next():
    """Without a change of what they hold; and only until there is something better to do."""
    memory = mmap.mmap(-1, 2000 * mmap.PAGESIZE, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.write(b"a" * len(memory))
    pages, seen = HotPages(), mmap.mmap(-1, 64)

    def write_and_note():
        memory[:: mmap.PAGESIZE] = b"b" * 2000
        pages.note()

    process.wait_end(child(write_and_note), 10)
    noted = pages.count
    assert noted >= 2000

    def copy(called):
        before = resource_faults()
        pages.copy_until(called)
        copied = resource_faults()
        memory[:: mmap.PAGESIZE] = b"c" * 2000
        seen[:] = f"{copied - before} {resource_faults() - copied}".ljust(64).encode()

    for called, copied, left in [
        (lambda: False, range(1500, 10**6), range(500)),
        (lambda: True, range(500), range(1500, 10**6)),
    ]:
        process.wait_end(child(lambda called=called: copy(called)), 10)
        first, second = map(int, bytes(seen).split())
        assert first in copied
        assert second in left
    assert memory[: 2 * mmap.PAGESIZE] == b"a" * 2 * mmap.PAGESIZE


def resource_faults() -> int:
    """Return the page faults of this process so far."""
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

"""Which pages of memory a forked process writes to, and how to have them copied beforehand.

A fork shares all memory, and each page is copied when it is first written to: of the 5 ms that a
trivial test takes in a process of its own, 4 are such copies (measured: 1,000 pages, 4 us each on
a virtual machine). Which pages that are hardly differs from test to test. So the first process
notes them at its end, and the next ones have them copied while they wait for their turn.

Linux tells by /proc/self/pagemap (bit 56, since 4.2, needs no rights); elsewhere nothing is noted
and nothing copied. The copies are made by one call for a thousand pages: process_vm_readv, of a
process from itself, reads a byte of each page and writes it where it was. What is no memory any
more ends the call, not the process. A loop of memmove took 4 us for each page instead of 2.5, and
MADV_POPULATE_WRITE, which takes ranges, was slower than both (measured: the ranges are short).
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import os
import struct
from array import array
from collections.abc import Callable, Iterator

_PRESENT, _EXCLUSIVE, _FILE = 1 << 63, 1 << 56, 1 << 61

#: How many pages are noted at most: 32 MiB of copies are more than a wait is good for.
_LIMIT = 8192

_COUNT = struct.Struct("<q")
#: Bytes of a `struct iovec`: an address and a length.
_IOVEC = 16
#: How many pages are copied before it is asked whether to go on: some 0.2 ms. A call takes 1,024.
_AT_ONCE = 64


class HotPages:
    """The addresses of pages that were written to; one list for a process and all its forks."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _COUNT.size + _IOVEC * _LIMIT)

    @property
    def count(self) -> int:
        """How many pages were noted."""
        return int(_COUNT.unpack_from(self._shared)[0])

    def note(self) -> None:
        """Note the pages that this process does not share with the one it was forked from."""
        try:
            found = list(itertools.islice(_own_pages(), _LIMIT))
        except OSError:
            return
        vectors = array("Q", itertools.chain.from_iterable((page, 1) for page in found))
        self._shared[_COUNT.size : _COUNT.size + _IOVEC * len(found)] = vectors.tobytes()
        _COUNT.pack_into(self._shared, 0, len(found))

    def copy_until(self, called: Callable[[], bool]) -> None:
        """Have those pages copied for this process, by writing to each what it holds.

        Args:
            called: whether there is something better to do; what is not copied by then is copied
                when it is written to, as ever.
        """
        read = getattr(ctypes.CDLL(None), "process_vm_readv", None)
        first, at, count = ctypes.addressof(ctypes.c_char.from_buffer(self._shared)), 0, self.count
        while read is not None and at < count and not called():
            number = min(_AT_ONCE, count - at)
            place = ctypes.c_void_p(first + _COUNT.size + _IOVEC * at)
            size = ctypes.c_ulong(number)
            done = read(os.getpid(), place, size, place, size, ctypes.c_ulong(0))
            # It stops before what cannot be read or written, and says -1 when that is the first.
            at += number if done == number else max(done, 0) + 1


def _own_pages() -> Iterator[int]:
    size = mmap.PAGESIZE
    with open("/proc/self/pagemap", "rb", buffering=0) as file:
        for start, end in _regions():
            file.seek(start // size * 8)
            entries = array("Q", file.read((end - start) // size * 8))
            for number, entry in enumerate(entries):
                if entry & _PRESENT and entry & _EXCLUSIVE and not entry & _FILE:
                    yield start + number * size


def _regions() -> Iterator[tuple[int, int]]:
    """Yield the private memory that may be written to, by address."""
    with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
        for line in file:
            place, rights, _rest = line.split(" ", 2)
            if rights == "rw-p" and "[v" not in line:
                start, _dash, end = place.partition("-")
                yield int(start, 16), int(end, 16)

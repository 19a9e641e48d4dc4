"""Which pages of memory a forked process writes to, and how to have them copied beforehand.

A fork shares all memory, and each page is copied when it is first written to: of the 5 ms that a
trivial test takes in a process of its own, 4 are such copies (measured: 1,000 pages, 4 us each on
a virtual machine). Which pages that are hardly differs from test to test. So the first process
notes them at its end, and the next ones have them copied while they wait for their turn.

Linux tells by /proc/self/pagemap (bit 56, since 4.2, needs no rights); elsewhere nothing is noted
and nothing copied. MADV_POPULATE_WRITE does the same by ranges, but was slower (measured: the
ranges are short).
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import struct
from array import array
from collections.abc import Iterator

_PRESENT, _EXCLUSIVE, _FILE = 1 << 63, 1 << 56, 1 << 61

#: How many pages are noted at most: 32 MiB of copies are more than a wait is good for.
_LIMIT = 8192

_COUNT = struct.Struct("<q")


class HotPages:
    """The addresses of pages that were written to; one list for a process and all its forks."""

    def __init__(self) -> None:
        self._shared = mmap.mmap(-1, _COUNT.size + 8 * _LIMIT)

    @property
    def known(self) -> bool:
        """Whether a process has noted its own."""
        return bool(_COUNT.unpack_from(self._shared)[0])

    def note(self) -> None:
        """Note the pages that this process does not share with the one it was forked from."""
        try:
            found = array("Q", itertools.islice(_own_pages(), _LIMIT))
        except OSError:
            return
        self._shared[_COUNT.size : _COUNT.size + 8 * len(found)] = found.tobytes()
        _COUNT.pack_into(self._shared, 0, len(found))

    def copy(self) -> None:
        """Have those pages copied for this process, by writing to each what it holds."""
        (count,) = _COUNT.unpack_from(self._shared)
        pages = array("Q", self._shared[_COUNT.size : _COUNT.size + 8 * count])
        regions = list(_regions())
        at = 0
        for address in pages:
            while at < len(regions) and regions[at][1] <= address:
                at += 1
            if at < len(regions) and regions[at][0] <= address:
                ctypes.memmove(address, address, 1)


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

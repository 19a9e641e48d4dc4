"""The black box: one page of shared memory in which a process writes what it is about to do.

It is written before the deed and read by the controller after a death, so nobody has to guess who
was at work. Messages could be lost with the process; memory that another process maps cannot.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from pytest_bulkhead.core.item import Blame, Phase

#: Bytes of the page: a row of fixed size, then the subject's text, then the tail.
PAGE_SIZE = 4096

_ROW = struct.Struct("<qidH")

#: The tail: the number of the process that is at work, whether it said its last word, and whether
#: no further test is to start.
_TAIL = struct.Struct("<i??")
_TAIL_AT = PAGE_SIZE - _TAIL.size
_WORDS_AT = _TAIL_AT + 4


class Tail(NamedTuple):
    """Who is at work, of a worker that forks, and what its processes tell each other."""

    process: int
    left: bool
    stopped: bool


def pack_process(page: memoryview, process: int) -> None:
    """Write who is at work from here on; it has not left."""
    struct.pack_into("<i?", page, _TAIL_AT, process, False)


def pack_left(page: memoryview) -> None:
    """Write that the process that is at work has done all it had to."""
    page[_WORDS_AT] = True


def pack_stopped(page: memoryview) -> None:
    """Write that no further test is to start."""
    page[_WORDS_AT + 1] = True


def unpack_tail(page: memoryview) -> Tail:
    """Read the tail."""
    return Tail(*_TAIL.unpack_from(page, _TAIL_AT))


def pack_blame(page: memoryview, blame: Blame) -> None:
    """Write an entry into a page; a subject that is too long loses its end."""
    subject = blame.subject.encode("utf-8", "backslashreplace")[: _TAIL_AT - _ROW.size]
    # The text first: should the process die between the two writes, a new text under an old row
    # is a shorter lie than the opposite.
    page[_ROW.size : _ROW.size + len(subject)] = subject
    _ROW.pack_into(page, 0, blame.item, blame.phase, blame.since, len(subject))


def unpack_blame(page: memoryview | bytes) -> Blame:
    """Read the entry of a page; a page that was scribbled over gives an empty one."""
    item, phase, since, length = _ROW.unpack_from(page, 0)
    try:
        phase = Phase(phase)
    except ValueError:
        return Blame()
    subject = bytes(page[_ROW.size : min(_TAIL_AT, _ROW.size + length)])
    return Blame(phase, item, subject.decode("utf-8", "replace"), since)

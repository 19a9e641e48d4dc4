"""The black box: one page of shared memory in which a process writes what it is about to do.

It is written before the deed and read by the controller after a death, so nobody has to guess who
was at work. Messages could be lost with the process; memory that another process maps cannot.
"""

from __future__ import annotations

import struct

from pytest_bulkhead.core.item import Blame, Phase

#: Bytes of the page: a row of fixed size, then the subject's text.
PAGE_SIZE = 4096

_ROW = struct.Struct("<qidH")


def pack_blame(page: memoryview, blame: Blame) -> None:
    """Write an entry into a page; a subject that is too long loses its end."""
    subject = blame.subject.encode("utf-8", "backslashreplace")[: PAGE_SIZE - _ROW.size]
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
    subject = bytes(page[_ROW.size : min(PAGE_SIZE, _ROW.size + length)])
    return Blame(phase, item, subject.decode("utf-8", "replace"), since)

"""How many tests have failed, known to all processes of a staged worker.

`session.testsfailed` is what fixtures ask in their teardown, to keep the traces of a failure. Each
process counts the reports that it makes itself; a stage makes none of its tests'.
"""

from __future__ import annotations

import mmap
import struct

import pytest

_COUNT = struct.Struct("<q")


class Failures:
    """The count, in memory that the processes share; one of them is at work at a time."""

    def __init__(self, session: pytest.Session) -> None:
        self._session = session
        self._shared = mmap.mmap(-1, _COUNT.size)
        self._told = session.testsfailed
        _COUNT.pack_into(self._shared, 0, session.testsfailed)

    def share(self) -> None:
        """Add what this process has counted, and take what others have."""
        (total,) = _COUNT.unpack_from(self._shared)
        total += self._session.testsfailed - self._told
        _COUNT.pack_into(self._shared, 0, total)
        self._session.testsfailed = self._told = total

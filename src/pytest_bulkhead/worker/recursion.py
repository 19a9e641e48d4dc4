"""The recursion limit: tests have the one that they set, and pytest has room to report them.

A test that leaves a limit at which pytest cannot go on ends plain pytest's run with an internal
error.
"""

from __future__ import annotations

import sys

#: Frames that pytest needs to run a test; a lower limit is no test's wish.
NEEDED = 100


class RecursionLimit:
    """Keeps the limit of the tests apart from that of pytest."""

    def __init__(self) -> None:
        self._own = sys.getrecursionlimit()
        self._lowered = self._own

    def lend(self) -> None:
        """Put the limit in force that tests have lowered it to, if any test could run under it."""
        if self._lowered < self._own and self._lowered >= _depth() + NEEDED:
            sys.setrecursionlimit(self._lowered)

    def take_back(self) -> None:
        """Note the limit that tests have left, and lift it to our own."""
        self._lowered = sys.getrecursionlimit()
        if self._lowered < self._own:
            sys.setrecursionlimit(self._own)


def _depth() -> int:
    depth, frame = 0, sys._getframe()
    while frame.f_back is not None:
        depth, frame = depth + 1, frame.f_back
    return depth

"""Tests that were meant to run, for what they need was promised: whether any of them did.

A runner that has its GPU, and skips every test that needs one for another reason, would be as green
as one that has lost it. Knows reports by what they say alone: they come from other processes.
"""

from __future__ import annotations

from collections.abc import Sequence

from pytest_bulkhead.core.requires.keys import Requirement
from pytest_bulkhead.core.requires.promises import Promise, kept_by


def promises_for(requirements: Sequence[Requirement], promises: Sequence[Promise]) -> list[str]:
    """Return the promises, as they were written, for which a test is meant to run."""
    found = [kept_by(promises, requirement) for requirement in requirements]
    return list(dict.fromkeys(promise.text for promise in found if promise))


class Meant:
    """The tests of a run that were meant to run."""

    def __init__(self) -> None:
        #: {promise: tests that need it}
        self._tests: dict[str, set[str]] = {}
        self._ran: set[str] = set()

    def hear(self, nodeid: str, promises: Sequence[str], *, ran: bool) -> None:
        """Take in a report of a test.

        Args:
            nodeid: the test.
            promises: for which it was meant to run.
            ran: its own code has run, or something has failed for which there is an error.
        """
        for promise in promises:
            self._tests.setdefault(promise, set()).add(nodeid)
        if ran:
            self._ran.add(nodeid)

    def missed(self) -> dict[str, int]:
        """Return {promise: how many tests need it}, of those for which none ran."""
        return {
            promise: len(tests)
            for promise, tests in self._tests.items()
            if tests.isdisjoint(self._ran)
        }

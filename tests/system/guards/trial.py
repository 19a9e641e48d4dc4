"""Trying a guard on real state: what is looked at, what was done, what it says, what it puts back."""

from __future__ import annotations

from pytest_bulkhead.guards.watch import Watch


class Trial:
    """A resource before and after something was done to it."""

    def __init__(self, resource):
        self.watch = Watch([resource])
        self.watch.begin("test")
        self.found = []

    def end(self):
        """Return what the guard says was left."""
        self.found = self.watch.end("test")
        return [text for left in self.found for text in left.texts]

    def restore(self):
        """Put it back; return what is left all the same."""
        return [text for left in self.found for text in self.watch.restore(left)]

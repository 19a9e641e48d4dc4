"""The product's settings: one object for all, as well-known libraries have it."""

from types import SimpleNamespace

current = SimpleNamespace(model="small", retries=2)


def configure(**changes):
    vars(current).update(changes)

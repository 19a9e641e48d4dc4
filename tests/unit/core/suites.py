"""Items for the tests of the core."""

from __future__ import annotations

from pytest_bulkhead.core.item import Item, Scopes
from pytest_bulkhead.core.levels import Level


def items(text: str, **groups: str) -> list[Item]:
    """Return items: `"a.C a b!"` is a test of class C in module a, one of module a, one of b.

    `!` asks for a process of its own; `a="x"` puts the tests of module a into group x.
    """
    found = []
    for index, word in enumerate(text.split()):
        module, _, cls = word.rstrip("!").partition(".")
        scopes = Scopes(module[0].upper(), module, cls and f"{module}::{cls}")
        level = Level.FUNCTION if word.endswith("!") else Level.SESSION
        found.append(Item(index, f"{module}::t{index}", scopes, level, groups.get(module)))
    return found

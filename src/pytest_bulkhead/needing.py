"""What tests take of this machine: noted by who judges them, for who tells the controller.

Light on imports, for it stands between `requires`, which few runs need, and every template.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_bulkhead.core.resources.needs import NOTHING, Needs

if TYPE_CHECKING:
    from pytest_bulkhead.core.resources.capacity import Capacity

_NEEDS = pytest.StashKey[Needs]()
_CAPACITY: pytest.StashKey[Capacity] = pytest.StashKey()


def note_needs(item: pytest.Item, needs: Needs) -> None:
    """Note what a test takes that will run."""
    item.stash[_NEEDS] = needs


def note_capacity(config: pytest.Config, capacity: Capacity) -> None:
    """Note what there is for the tests of a session, some of which take something."""
    config.stash[_CAPACITY] = capacity


def plain_needs(item: pytest.Item) -> list[Any]:
    """Return the fields of what a test takes, for `Gathered.items`; none for nothing."""
    needs = item.stash.get(_NEEDS, NOTHING)
    return [] if needs == NOTHING else list(needs)


def plain_capacity(config: pytest.Config) -> list[Any]:
    """Return the fields of what there is, for `Gathered.capacity`; none when nobody asks."""
    return list(config.stash.get(_CAPACITY, ()))

"""A plugin that shuffles tests: `-p pytest_bulkhead.cli.shuffling`.

Modules, then what is in them, then what is in classes, so that fixtures that are wider than a test
are set up no more often than in order. It knows nothing of isolation.
"""

from __future__ import annotations

import os

import pytest

from pytest_bulkhead.core.run.seeds import derive_seed

#: The variable that has the seed.
VARIABLE = "BULKHEAD_SHUFFLE"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them into an order that the seed alone decides."""
    seed = int(os.environ[VARIABLE])
    items.sort(key=lambda item: [derive_seed(seed, name) for name in _places(item)])


def _places(item: pytest.Item) -> tuple[str, str, str]:
    module, cls = item.getparent(pytest.Module), item.getparent(pytest.Class)
    return (
        module.nodeid if module is not None else item.nodeid,
        cls.nodeid if cls is not None else item.nodeid,
        item.nodeid,
    )

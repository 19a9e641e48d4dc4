"""Pools of threads of the native libraries that are loaded, through threadpoolctl."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack

from threadpoolctl import ThreadpoolController

from pytest_bulkhead.core.environment.in_force import Pool


def loaded_pools() -> list[Pool]:
    """Return the pools of this process; a library of which there are two has two."""
    return [
        Pool(row["internal_api"], row["num_threads"], row["filepath"])
        for row in ThreadpoolController().info()
    ]


def limit_pools(numbers: Mapping[str, int]) -> Callable[[], object]:
    """Limit the pools that are there; return what undoes it.

    Args:
        numbers: {native library, as threadpoolctl names it: how many threads it may have}.
    """
    pools, undo = ThreadpoolController(), ExitStack()
    for library, number in numbers.items():
        limiter = pools.select(internal_api=library).limit(limits=number)
        undo.callback(limiter.restore_original_limits)
    return undo.close

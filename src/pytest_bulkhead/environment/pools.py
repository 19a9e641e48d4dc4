"""Pools of threads of the native libraries that are loaded, through threadpoolctl."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import PurePath

from threadpoolctl import ThreadpoolController

from pytest_bulkhead.core.in_force import Pool

#: {the folder of a package's libraries: the package}, where they are called differently.
_PACKAGES = {"scikit_learn": "sklearn"}


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


def who_loaded(path: str) -> str:
    """Return the package that a native library belongs to, empty when it cannot be told.

    Wheels have their libraries in a folder of their own, `numpy.libs` or `torch/lib`.
    """
    for part in PurePath(path).parts:
        package = _PACKAGES.get(part.removesuffix(".libs"), part.removesuffix(".libs"))
        if package in sys.modules and getattr(sys.modules[package], "__path__", None):
            return package
    return ""

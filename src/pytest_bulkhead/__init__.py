"""pytest-bulkhead: a breach floods one compartment of a pytest run, not the hull.

The package itself imports next to nothing: pytest loads it in every run, used or not.
"""

from __future__ import annotations

from typing import Any, TypeVar

__version__ = "0.1.0"

_Function = TypeVar("_Function")


def unstaged(function: _Function) -> _Function:
    """Have each process set a fixture up by itself, where a stage would for many tests.

    Stands below `@pytest.fixture`. A mark would be the usual way, but pytest 9 refuses marks on
    fixtures.
    """
    mark: Any = function
    mark.isolate_unstaged = True
    return function

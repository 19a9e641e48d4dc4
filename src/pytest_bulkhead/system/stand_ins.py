"""What stands in `sys.modules` in the place of a module that could be imported."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any


def is_stub(name: str, before: Mapping[str, Any]) -> bool:
    """Whether something stands in `sys.modules` in the place of a real module.

    Args:
        name: of the module.
        before: `sys.modules` as it was.
    """
    if name not in sys.modules or _is_real(sys.modules[name]):
        return False
    if name in before:
        return _is_real(before[name])
    above, _dot, _own = name.rpartition(".")
    if not above:
        return _can_be_found(name, None)
    parent = sys.modules.get(above)
    if not _is_real(parent):
        return is_stub(above, before)
    # A package that was imported just now has put parts of itself there: torch does so.
    return above in before and _can_be_found(name, getattr(parent, "__path__", ()))


def _is_real(module: Any) -> bool:  # noqa: ANN401 - sys.modules takes anything
    """Whether it is a module that was imported."""
    return isinstance(module, ModuleType) and vars(module).get("__spec__") is not None


def _can_be_found(name: str, path: Any) -> bool:  # noqa: ANN401 - a list, or a namespace's own type
    try:
        return PathFinder.find_spec(name, path) is not None
    except Exception:  # noqa: BLE001 - a finder of anybody's
        return False

"""What was imported and gets into each other's way: seen in this process, whatever the library."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder

from pytest_bulkhead.system.libraries import OPENMP, loaded_libraries, named, package_of
from pytest_bulkhead.system.places import is_of_user

#: Many suites have these, some distributions install them by mistake, and nobody misses them.
_EVERYBODYS = frozenset({"conftest", "test", "tests", "docs", "examples", "setup"})


class Clashes:
    """Finds clashes, each once."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._looked_at: set[str] = set()

    def look(self) -> tuple[str, ...]:
        """Return what has come up since the last look."""
        names = [name for name in sys.modules if "." not in name and name not in self._looked_at]
        self._looked_at.update(names)
        found = dict.fromkeys([*_hiding(names), *_runtimes()])
        new = tuple(text for text in found if text not in self._known)
        self._known.update(new)
        return new


def _hiding(names: list[str]) -> Iterator[str]:
    """Yield which modules of the user hide one of Python, or of an installed package."""
    for name in names:
        own = getattr(getattr(sys.modules.get(name), "__spec__", None), "origin", None)
        if name in _EVERYBODYS or not isinstance(own, str) or not is_of_user(own):
            continue
        hidden = _further_down(name, own)
        if hidden:
            yield f"{name} is {own}, which hides {hidden} further down sys.path"


def _further_down(name: str, own: str) -> str:
    """Return where a module would come from if its own file were not there; empty for nowhere."""
    is_package = os.path.basename(own).startswith("__init__.")
    folder = os.path.dirname(os.path.dirname(own) if is_package else own)
    path = [os.path.abspath(entry) for entry in sys.path]
    if not os.path.isabs(own) or folder not in path:
        return ""
    behind = path[path.index(folder) + 1 :]
    installed = [entry for entry in behind if not is_of_user(os.path.join(entry, ""))]
    spec = PathFinder.find_spec(name, installed)
    return (spec.origin or "") if spec is not None else ""


def _runtimes() -> Iterator[str]:
    """Yield which runtimes of OpenMP there are, if there is more than one."""
    paths = named(loaded_libraries(), OPENMP)
    if len(paths) > 1:
        whose = (f"{path} (of {package_of(path) or 'no package'})" for path in paths)
        yield f"{len(paths)} OpenMP runtimes are in one process: {', '.join(whose)}"

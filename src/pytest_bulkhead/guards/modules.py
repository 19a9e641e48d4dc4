"""Modules that were taken out of `sys.modules`, or replaced there.

Theory of operation: a package with native code cannot be imported twice, whole or in part. The
second import raises what nobody understands ("function already has a docstring"), or crashes. So
its parts are missed when they are gone, also those that the test itself has imported: that is what
`patch.dict(sys.modules)` does around a first import. Other modules are missed when the test found
them: who imports them again has classes that are not the ones others have.

`sys.modules` is copied and compared when its length, its last name, or a package with native code
is another one. To look at every module each time would write to its reference count: in a process
that was just forked for one test that copies hundreds of pages. So a module of pure Python that is
overwritten in place, and nothing else, is not seen.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from types import ModuleType
from typing import Any

from pytest_bulkhead.guards.resource import Resource
from pytest_bulkhead.guards.touching import line_that_changes_modules
from pytest_bulkhead.system.natives import (
    loaded_natives,
    native_packages,
    top_package,
    watch_natives,
)
from pytest_bulkhead.system.stand_ins import is_stub

#: In the place of a module that was loaded, and is not in `sys.modules`.
LOST = "lost"

#: Names in a text.
_FEW = 3

NATIVE = "it has native code, which can be loaded once"


class Modules(Resource):
    """`sys.modules`."""

    name = "modules"
    watches = "`sys.modules`: what was taken out or replaced, by package"
    advice = "use the fixture stub_module; and import what has native code before patch.dict(...)"

    def __init__(self) -> None:
        self._signs: tuple[Any, ...] = ()
        self._latest: dict[str, Any] = {}
        #: How many native modules were loaded when their packages were last asked for.
        self._loaded = 0
        self._packages: frozenset[str] = frozenset()

    def attend(self) -> None:
        watch_natives()
        self.snapshot()  # those that are forked from here find it done

    def snapshot(self) -> dict[str, Any]:
        signs = self._look()
        if signs != self._signs:
            self._signs, self._latest = signs, {**sys.modules, **_lost()}
        return self._latest

    def _look(self) -> tuple[Any, ...]:
        """Return what is another when anything that matters is: see the module's docstring."""
        modules, loaded = sys.modules, len(loaded_natives())
        if loaded != self._loaded:
            self._loaded, self._packages = loaded, native_packages()
        packages = [id(modules.get(name)) for name in self._packages]
        return len(modules), next(reversed(modules), ""), loaded, packages

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        gone, others = _changes(before, after)
        yield from _by_package(gone, after, "taken out of sys.modules")
        yield from _by_package(others, after, "replaced in sys.modules")

    def changed_packages(self, before: dict[str, Any]) -> frozenset[str]:
        """Return the packages of what is gone or replaced since a snapshot."""
        gone, others = _changes(before, self.snapshot())
        return frozenset(map(top_package, gone | others))

    def restore(self, before: dict[str, Any]) -> None:
        old = {name: module for name, module in before.items() if not _is_lost(before, name)}
        for name in _lost().keys() - before.keys():
            for part, module in _parts_of(loaded_natives()[name].package):
                old.setdefault(part, module)
        for name in _stubs(before, sys.modules):
            del sys.modules[name]
        for name, module in old.items():
            if sys.modules.get(name) is not module:
                _put_back(name, module)
        self._signs = ()

    def place_in(self, functions: Sequence[Any]) -> str:
        return line_that_changes_modules(functions)


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return the names that are gone, and those that others have now."""
    gone = {name for name in before if _is_lost(after, name) and not _is_lost(before, name)}
    gone |= {name for name in after.keys() - before.keys() if _is_lost(after, name)}
    both = (before.keys() & after.keys()) - gone
    others = {n for n in both if before[n] is not after[n] and not _is_lost(before, n)}
    return gone, others | _stubs(before, after)


def _stubs(before: Mapping[str, Any], after: Mapping[str, Any]) -> set[str]:
    """Return the names that are new, and stand for what is not imported."""
    return {name for name in after.keys() - before.keys() if is_stub(name, before)}


def _lost() -> dict[str, Any]:
    return dict.fromkeys((name for name in loaded_natives() if name not in sys.modules), LOST)


def _is_lost(state: Mapping[str, Any], name: str) -> bool:
    return state.get(name, LOST) is LOST


def _by_package(names: set[str], after: Mapping[str, Any], what: str) -> Iterator[str]:
    natives = native_packages()
    for package, members in groupby(sorted(names), key=top_package):
        parts = list(members)
        whole = package in parts or package not in after
        who = f"{package} was" if whole else f"parts of {package} ({', '.join(parts[:_FEW])}) were"
        why = f": {NATIVE}" if package in natives else ""
        yield f"{who} {what}{why}"


def _parts_of(package: ModuleType) -> Iterator[tuple[str, ModuleType]]:
    """Yield a package and what can be reached below it: those that import it bind their parts."""
    todo, met = [package], {id(package)}
    while todo:
        module = todo.pop()
        yield module.__name__, module
        for value in list(vars(module).values()):
            if isinstance(value, ModuleType) and id(value) not in met:
                met.add(id(value))
                if value.__name__.startswith(f"{package.__name__}."):
                    todo.append(value)


def _put_back(name: str, module: Any) -> None:  # noqa: ANN401 - sys.modules takes anything
    sys.modules[name] = module
    above, _dot, own = name.rpartition(".")
    parent = sys.modules.get(above)
    if isinstance(vars(parent).get(own) if parent else None, ModuleType):
        setattr(parent, own, module)

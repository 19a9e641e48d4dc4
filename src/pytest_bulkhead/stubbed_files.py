"""Stubs that a test file puts into `sys.modules` when it is imported: for its own tests alone.

Theory of operation: a `sys.modules["torch"] = Stub()` at the top of a file is found by every file
that is collected after it. What a file has done of that kind is put **aside** once it is collected:

- stubs that stand where a real module can be imported;
- packages with native code that it took out, for those cannot be imported twice;
- modules that it was the first to import and that hold such a stub: they are no good to others.

The tests of the file have a process of their own, and there all of it stands again. A stub for what
nobody could import otherwise stays: other files may count on it.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Generator, Iterator, Mapping
from types import ModuleType
from typing import Any

import pytest

from pytest_bulkhead.core.levels import Level, tighter
from pytest_bulkhead.system.natives import native_packages, top_package, watch_natives
from pytest_bulkhead.system.stand_ins import is_stub

#: {name: what a file has put there, None for what it took out}
Aside = Mapping[str, Any]

_ASIDE: pytest.StashKey[Aside] = pytest.StashKey()


class StubbedFilesPlugin:
    """Puts aside what a file has stubbed, and has it stand again for the tests of the file."""

    def __init__(self) -> None:
        watch_natives()
        #: Whether any file has stubbed anything: most suites have none.
        self._any = False
        #: The file whose stubs stand in this process.
        self._standing: pytest.Collector | None = None

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Put aside what the import of a file has stubbed."""
        if not isinstance(collector, pytest.Module):
            return (yield)
        before = dict(sys.modules)
        report = yield
        aside = dict(_find(before, collector.obj if report.passed else None))
        if aside:
            self._any = True
            collector.stash[_ASIDE] = aside
            _put({name: before.get(name) for name in aside})
        return report

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, None, None]:
        """Have the stubs of its file stand for a test, before any guard looks at what there is."""
        __tracebackhide__ = True
        if self._any:
            self._have_stand(item)
        return (yield)

    def _have_stand(self, item: pytest.Item) -> None:
        # The copies of tests that a stage of the session sets up have no file in their chain.
        file = next((node for node in item.listchain() if _ASIDE in node.stash), None)
        if file is not None and file is not self._standing:
            self._standing = file  # type: ignore[assignment]
            _put(file.stash[_ASIDE])


def floor_of(item: pytest.Item, level: Level) -> Level:
    """Return the level at which a test may run whose own is this one."""
    file = item.getparent(pytest.Module)
    stubbed = file is not None and _ASIDE in file.stash
    return tighter(level, Level.MODULE) if stubbed else level


def _put(modules: Mapping[str, Any]) -> None:
    for name, module in modules.items():
        if module is None:
            sys.modules.pop(name, None)
        else:
            sys.modules[name] = module


def _find(before: Mapping[str, Any], own: object) -> Iterator[tuple[str, Any]]:
    """Yield what is to be put aside, once a file was imported as the module `own`."""
    new, changed = _compare(before)
    stubs = {name: sys.modules[name] for name in (*new, *changed) if is_stub(name, before)}
    yield from stubs.items()
    gone = [name for name in changed if name not in sys.modules]
    natives = native_packages() if gone else ()
    yield from ((name, None) for name in gone if top_package(name) in natives)
    if stubs:
        marked = {id(stub) for stub in stubs.values()}
        marked |= {id(value) for stub in stubs.values() for value in _attributes(stub)}
        for name in new:
            module = sys.modules[name]
            if name not in stubs and module is not own and _holds(module, marked):
                yield name, module


def _compare(before: Mapping[str, Any]) -> tuple[list[str], list[str]]:
    """Return the names that are new in `sys.modules`, and those that are gone or stand for another.

    New ones come last in it, so most files are compared in a few microseconds.
    """
    names, values = list(sys.modules), list(sys.modules.values())
    if values[: len(before)] == list(before.values()):
        return names[len(before) :], []
    new = [name for name in names if name not in before]
    return new, [name for name, old in before.items() if sys.modules.get(name) is not old]


def _attributes(stub: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield what a stub hands out, less what many others have too."""
    values = vars(stub).values() if hasattr(stub, "__dict__") else ()
    common = (str, bytes, int, float, bool, type(None), tuple)
    return (value for value in values if not isinstance(value, common))


def _holds(module: Any, marked: Collection[int]) -> bool:  # noqa: ANN401
    """Whether a module has imported a stub, or from one."""
    mock = getattr(sys.modules.get("unittest.mock"), "NonCallableMock", ())
    values = vars(module).values() if isinstance(module, ModuleType) else ()
    # By their type: `isinstance` asks the object too, and some warn when they are asked.
    return any(id(value) in marked or (mock and issubclass(type(value), mock)) for value in values)

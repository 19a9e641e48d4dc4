"""Which extension modules this process has loaded: they stay loaded, whatever `sys.modules` says.

Noted by a descriptor in the place of `ExtensionFileLoader.exec_module`. A function there would be a
line in the traceback of each import that fails; an audit hook makes all that is audited slower, and
cannot be taken away again. Python's own extensions are left out: they can be loaded twice.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ExtensionFileLoader
from types import ModuleType
from typing import Any, NamedTuple

_OF_PYTHON = f"{os.sep}lib-dynload{os.sep}"


class Native(NamedTuple):
    """An extension module that was loaded."""

    module: ModuleType
    #: The outermost package of it, as it was then.
    package: ModuleType


_loaded: dict[str, Native] = {}

#: {extension module: what is called with it once it is loaded}
_awaited: dict[str, Callable[[ModuleType], None]] = {}


def loaded_natives() -> Mapping[str, Native]:
    """Return {name: the module}, each as it was loaded first; it goes on changing."""
    return _loaded


def top_package(name: str) -> str:
    """Return the outermost package of a module."""
    return name.partition(".")[0]


def native_packages() -> frozenset[str]:
    """Return the packages of which an extension module was loaded."""
    return frozenset(map(top_package, _loaded))


def watch_natives() -> None:
    """Begin to note extension modules, and note those that are in `sys.modules` already."""
    if isinstance(vars(ExtensionFileLoader)["exec_module"], _Noting):
        return
    for module in list(sys.modules.values()):
        spec = vars(module).get("__spec__") if isinstance(module, ModuleType) else None
        if isinstance(getattr(spec, "loader", None), ExtensionFileLoader):
            _note(spec.loader)  # type: ignore[union-attr]
    noting: Any = _Noting(ExtensionFileLoader.exec_module)
    ExtensionFileLoader.exec_module = noting  # type: ignore[method-assign]


def when_loaded(name: str, call: Callable[[ModuleType], None] | None) -> None:
    """Have a function called with an extension module: now, or before anybody can use it.

    Args:
        name: of the module.
        call: the function; None to forget what was wanted.
    """
    _awaited.pop(name, None)
    if call is not None and name in _loaded:
        call(_loaded[name].module)
    elif call is not None:
        _awaited[name] = call


class _Noting:
    """A method that notes whose it is whenever it is looked up, and is in no call itself."""

    def __init__(self, function: Callable[[Any, ModuleType], None]) -> None:
        self._function = function

    def __get__(self, loader: ExtensionFileLoader | None, owner: type | None = None) -> Any:  # noqa: ANN401
        if loader is not None:
            _note(loader)
        return self._function.__get__(loader, owner)


def _note(loader: ExtensionFileLoader) -> None:
    module = sys.modules.get(loader.name)
    if module is not None and loader.name not in _loaded and _OF_PYTHON not in str(loader.path):
        package = sys.modules.get(top_package(loader.name), module)
        _loaded[loader.name] = Native(module, package)
        if loader.name in _awaited:
            _awaited.pop(loader.name)(module)

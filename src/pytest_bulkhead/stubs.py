"""`stub_module`: a stand-in for a heavy module, for one test, and undone exactly.

What is put aside is the module and all that was imported below it, so that no half of it stays: a
torch without `torch._C` is what "already has a docstring" comes from. They come back as the same
objects. What a test imports for the first time while the stub stands has seen the stub for ever;
so under isolation such a test has a process of its own, and without it this module cannot help.

Knows nothing of processes and of pytest.
"""

from __future__ import annotations

import sys
from types import ModuleType


class StubModule(ModuleType):
    """A stand-in: what it was not given it does not have, and says so."""

    __path__: list[str]

    def __getattr__(self, name: str) -> object:
        raise AttributeError(
            f"the stub of module {self.__name__!r} has no {name!r}: "
            f"give it one by stub_module({self.__name__!r}, {name}=...)"
        )


class Stubs:
    """The stubs of one test."""

    def __init__(self) -> None:
        #: What stood where a stub stands now, None for nothing.
        self._aside: dict[str, ModuleType | None] = {}
        #: (module, name, what that attribute was); the module itself stands for "no such".
        self._attributes: list[tuple[ModuleType, str, object]] = []

    def install(self, name: str, /, **attributes: object) -> ModuleType:
        """Put a stub in the place of a module and all below it.

        Args:
            name: of the module, such as "torch" or "torch.nn".
            attributes: what the stub has; `**{"nn.Linear": object}` makes a submodule for it.

        Returns:
            The stub.

        Raises:
            ValueError: it is no name of a module.
        """
        if not all(part.isidentifier() for part in name.split(".")):
            raise ValueError(f"stub_module: {name!r} is no name of a module, such as 'torch.nn'")
        for known in [known for known in sys.modules if f"{known}.".startswith(f"{name}.")]:
            self._put(known, None)
        stub = self._place(name)
        for path, value in attributes.items():
            place, _dot, attribute = path.rpartition(".")
            setattr(self._below(stub, place), attribute, value)
        return stub

    def _below(self, stub: ModuleType, path: str) -> ModuleType:
        """Return the stub of a submodule, made if there is none."""
        for part in filter(None, path.split(".")):
            name = f"{stub.__name__}.{part}"
            known = sys.modules.get(name)
            stub = known if isinstance(known, StubModule) else self._place(name)
        return stub

    def _place(self, name: str) -> ModuleType:
        stub = StubModule(name)
        stub.__path__ = []  # what is imported from it are its submodules, and it has none by itself
        self._put(name, stub)
        above, _dot, own = name.rpartition(".")
        parent = sys.modules.get(above)
        if parent is not None:
            self._attributes.append((parent, own, vars(parent).get(own, parent)))
            setattr(parent, own, stub)
        return stub

    def _put(self, name: str, module: ModuleType | None) -> None:
        before = sys.modules.pop(name, None)
        self._aside.setdefault(name, before)
        if module is not None:
            sys.modules[name] = module

    def undo(self) -> None:
        """Put everything back as it was, and drop what was imported below a stub."""
        for parent, name, value in reversed(self._attributes):
            if value is parent:
                vars(parent).pop(name, None)
            else:
                setattr(parent, name, value)
        stubbed = tuple(f"{name}." for name in self._aside)
        for name in [name for name in sys.modules if f"{name}.".startswith(stubbed)]:
            del sys.modules[name]
        sys.modules.update({name: old for name, old in self._aside.items() if old is not None})

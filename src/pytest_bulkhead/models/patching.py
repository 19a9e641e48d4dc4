"""`fake_model`: a fake in the one place where the code under test gets its model, and undone.

A place is what a module, or a class in one, has under a name. What stands there says what is put in
its stead: a function one that returns the fake, a class one that makes it, anything else the fake
itself. Who imported the function from there before goes on with the real one, and is warned of.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from types import ModuleType
from typing import Any

import pytest

from pytest_bulkhead.models.fakes import fake_sentence_transformer

#: What caches have beside the call: it stays that of the original.
_OF_CACHES = ("cache_clear", "cache_info", "cache_parameters")

_ABSENT = object()


class Patches:
    """The places that one test has had patched."""

    def __init__(self) -> None:
        #: (whose attribute, its name, what its own dict had)
        self._before: list[tuple[Any, str, object]] = []

    def install(self, place: str, fake: Any = None, /, **options: Any) -> Any:
        """Put a fake where the code under test gets its model.

        Args:
            place: as `package.module.name`, or `package.module.Class.name`; the module is imported.
            fake: the fake, `fake_sentence_transformer(**options)` unless one is given.
            options: as `dim`, of the fake that is made.

        Returns:
            The fake.

        Raises:
            ValueError: there is no such place; says what is called like it. Or it is a module, or
                nothing can be put there, or a fake and options are given.
        """
        if fake is not None and options:
            raise ValueError(f"fake_model({place!r}): a fake, or {options!r} for one, not both")
        owner, name, original = _find(place)
        if isinstance(original, ModuleType):
            text = f"fake_model({place!r}): that is a module; name what in it is patched"
            raise ValueError(text)  # noqa: TRY004 - the place is wrong, not its type
        if fake is None:
            fake = fake_sentence_transformer(**options)
        others = _others_with(owner, original)
        before = _own(owner, name, original)
        _put(place, owner, name, _stand_in(original, fake))
        self._before.append((owner, name, before))
        if others:
            real = ", ".join(others)
            text = f"fake_model({place!r}): the real one is still known as {real}: patch it there"
            warnings.warn(pytest.PytestWarning(text), stacklevel=2)
        return fake

    def undo(self) -> None:
        """Put back what stood there, the last first."""
        while self._before:
            owner, name, value = self._before.pop()
            if value is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, value)


def _own(owner: Any, name: str, value: object) -> object:
    """Return what an owner itself has under a name; with slots there is no other place for it."""
    return vars(owner).get(name, _ABSENT) if hasattr(owner, "__dict__") else value


def _put(place: str, owner: Any, name: str, value: object) -> None:
    try:
        setattr(owner, name, value)
    except (AttributeError, TypeError) as error:
        raise ValueError(
            f"fake_model({place!r}): nothing can be put there ({error}); name what the code "
            "under test looks up before that"
        ) from None


def _find(place: str) -> tuple[Any, str, Any]:
    """Return whose attribute a place is, the attribute's name, and its value."""
    first, *rest = place.split(".")
    if not rest or not all(part.isidentifier() for part in (first, *rest)):
        raise ValueError(f"fake_model: {place!r} is no place, such as 'package.module.get_model'")
    owner: Any = _module(first, place, _modules_in(None))
    for part in rest[:-1]:
        owner = _attribute(owner, part, place)
    _refuse_property_of(owner, rest[-1], place)
    return owner, rest[-1], _attribute(owner, rest[-1], place)


def _refuse_property_of(owner: Any, name: str, place: str) -> None:
    """Refuse a property of an instance before it is asked, for that may load the real model."""
    if isinstance(owner, (type, ModuleType)) or name in getattr(owner, "__dict__", ()):
        return
    kind = type(owner)
    there = inspect.getattr_static(kind, name, None)
    if isinstance(there, (property, functools.cached_property)):
        text = (
            f"fake_model({place!r}): that is a property; patch it where its class has it: "
            f"fake_model('{kind.__module__}.{kind.__qualname__}.{name}')"
        )
        raise ValueError(text)  # noqa: TRY004 - the place is wrong, not its type


def _attribute(owner: Any, name: str, place: str) -> Any:
    found = getattr(owner, name, _ABSENT)
    if found is not _ABSENT:
        return found
    known = [known for known in dir(owner) if not known.startswith("__")]
    if not hasattr(owner, "__path__"):
        raise _no_such(place, name, getattr(owner, "__name__", repr(owner)), known)
    return _module(f"{owner.__name__}.{name}", place, [*known, *_modules_in(owner.__path__)])


def _modules_in(path: Any) -> Iterator[str]:
    """Yield the names of what can be imported from some folders, None for those of `sys.path`."""
    return (module.name for module in pkgutil.iter_modules(path))


def _module(full_name: str, place: str, known: Iterable[str]) -> ModuleType:
    try:
        return importlib.import_module(full_name)
    except ModuleNotFoundError as error:
        if error.name != full_name:  # something that it imports is missing: that is another story
            raise
        owner, _dot, name = full_name.rpartition(".")
        raise _no_such(place, name, owner, known) from None


def _no_such(place: str, name: str, owner: str, known: Iterable[str]) -> ValueError:
    where = f"{owner} has no {name!r}" if owner else f"there is no module {name!r}"
    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return ValueError(f"fake_model({place!r}): {where}{hint}")


def _stand_in(original: Any, fake: Any) -> Any:
    """Return what is to stand where the original stood."""
    if isinstance(original, type):
        return _Maker(original.__name__, (), {"_original": original, "_fake": fake})
    if isinstance(original, (property, functools.cached_property)):
        return property(lambda _self: fake)
    if _is_function(original):
        return _returning(original, fake)
    return fake


def _is_function(value: Any) -> bool:
    return inspect.isroutine(value) or isinstance(value, functools.partial) or _is_cached(value)


def _is_cached(value: Any) -> bool:
    return callable(value) and hasattr(value, "cache_clear")


def _returning(original: Any, fake: Any) -> Callable[..., Any]:
    """Return a function in the place of another: it returns the fake whatever it is called with."""

    def give(*_args: Any, **_kwargs: Any) -> Any:
        return fake

    async def give_later(*_args: Any, **_kwargs: Any) -> Any:
        return fake

    stand_in = give_later if inspect.iscoroutinefunction(original) else give
    functools.update_wrapper(stand_in, original)
    for name in _OF_CACHES:
        if hasattr(original, name):
            setattr(stand_in, name, getattr(original, name))
    return stand_in


class _Maker(type):
    """A class in the place of another: it makes the fake, whatever it is called with."""

    _original: type
    _fake: Any

    def __call__(cls, *_args: Any, **_kwargs: Any) -> Any:
        return cls._fake

    def from_pretrained(cls, *_args: Any, **_kwargs: Any) -> Any:
        """Make it as the classes of transformers are made."""
        return cls._fake

    def __instancecheck__(cls, instance: Any) -> bool:
        return instance is cls._fake or isinstance(instance, cls._original)

    def __subclasscheck__(cls, subclass: type) -> bool:
        return subclass is cls or issubclass(subclass, cls._original)

    def __getattr__(cls, name: str) -> Any:
        return getattr(cls._original, name)


def _others_with(owner: Any, original: Any) -> list[str]:
    """Return where else modules have the original, if this is where they have it from.

    A place that itself only imported it was chosen for being where it is looked up; and what a
    library has of its own classes within itself is its own affair.
    """
    named = isinstance(original, type) or _is_function(original)
    source = getattr(original, "__module__", None) if named else None
    if not (source and isinstance(owner, ModuleType)):
        return []
    if not f"{source}.".startswith(f"{owner.__name__}."):
        return []
    top = owner.__name__.partition(".")[0]
    others = [module for module in list(sys.modules.values()) if module is not owner]
    if "site-packages" in str(getattr(owner, "__file__", "")):
        others = [one for one in others if _name_of(one).partition(".")[0] != top]
    return sorted(place for one in others for place in _names_in(one, original))


def _names_in(module: Any, original: Any) -> Iterator[str]:
    # By its dict: a lazy module would import something when it is asked.
    values = vars(module) if isinstance(module, ModuleType) else {}
    found = [name for name, value in list(values.items()) if value is original]
    return (f"{_name_of(module)}.{name}" for name in found)


def _name_of(module: Any) -> str:
    return str(getattr(module, "__name__", ""))

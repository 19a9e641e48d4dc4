"""What makes two loads the same: the loader, its arguments, and what else decides what comes out.

A key is a digest of a text that is the same in every process, so that a failure is known to all of
them. So nothing is told apart by its identity, and no text has an address: a function is known by
its name, one that nobody can look up (a lambda, a closure) by what it is made of. What is known by
neither is refused: two of a kind would be taken for one, or one for two.

Knows no model and no library: torch and numpy are looked for among what was imported.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import importlib.metadata
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import PurePath
from types import BuiltinFunctionType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.guards.resource import short
from pytest_bulkhead.models.substitution import STANDING

#: Types whose `repr` says all.
_PLAIN = (type(None), bool, int, float, complex, str, bytes, type(...))

#: Values of libraries whose `repr` says all: (module, type).
_BY_TEXT = (("torch", "dtype"), ("torch", "device"), ("numpy", "dtype"))

#: By whose version a loader of a user may give something else.
_LIBRARIES = ("torch", "transformers", "sentence_transformers")


class Key(NamedTuple):
    """What is loaded."""

    #: The call, as people read it.
    title: str
    #: Equal for what is the same, in every process.
    digest: str


def key_of(
    loader: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> Key:
    """Return the key of a load.

    Raises:
        UsageProblem: the loader, or an argument, cannot be told apart from another of its kind.
    """
    title = title_of(loader, args, kwargs)
    try:
        parts = [
            _describe(loader),
            _describe(args),
            _describe(dict(kwargs)),
            *_surroundings(loader),
        ]
    except _CannotTell as problem:
        raise UsageProblem(_refusal(title, problem.value)) from None
    return Key(title, hashlib.sha256("\n".join(parts).encode()).hexdigest())


def title_of(
    loader: Callable[..., object], args: tuple[object, ...], kwargs: Mapping[str, object]
) -> str:
    """Return the call of a loader, as people read it."""
    given = [*map(short, args), *(f"{name}={short(value)}" for name, value in kwargs.items())]
    return f"{_name_of(loader)}({', '.join(given)})"


def _refusal(title: str, value: object) -> str:
    return (
        f"shared: {title}: {short(value)} cannot be told apart from another {type(value).__name__}"
        "\nhint: write a function of a module or conftest that makes it and returns the model, and "
        "share that: shared(load_model)"
    )


def _name_of(loader: object) -> str:
    if isinstance(loader, functools.partial):
        return f"partial of {_name_of(loader.func)}"
    code = getattr(loader, "__code__", None)
    name = str(getattr(loader, "__qualname__", type(loader).__qualname__))
    return f"{name} at {code.co_filename}:{code.co_firstlineno}" if "<" in name and code else name


class _CannotTell(Exception):
    def __init__(self, value: object) -> None:
        super().__init__(value)
        self.value = value


def _describe(value: object, above: tuple[int, ...] = ()) -> str:
    """Return a text that is the same for the same value, and for no other.

    Args:
        value: anything.
        above: the identities of what it is a part of: a closure may have itself in a cell.

    Raises:
        _CannotTell: there is no such text.
    """
    if id(value) in above:
        return f"<what is {len(above) - above.index(id(value))} above>"
    within = functools.partial(_describe, above=(*above, id(value)))
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if type(value) in _PLAIN or _is_by_text(value):
        return f"{name} {value!r}"
    if _is_found(value):
        return f"{value.__module__}:{value.__qualname__}"  # type: ignore[attr-defined]
    parts = _parts(value)
    if parts is None:
        raise _CannotTell(value)
    texts = [within(part) for part in parts]
    return f"{name} [{', '.join(sorted(texts) if _is_unordered(value) else texts)}]"


def _parts(value: Any) -> Iterable[object] | None:  # noqa: ANN401 - one line for each kind
    """Return what a value is made of; None when that is not known."""
    if isinstance(value, enum.Enum):
        return (value.name,)
    if isinstance(value, (list, tuple, set, frozenset)):
        return value
    if isinstance(value, dict):
        return value.items()
    if isinstance(value, PurePath):
        return (str(value),)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [(one.name, getattr(value, one.name)) for one in dataclasses.fields(value)]
    return _parts_of_callable(value)


def _parts_of_callable(value: Any) -> Iterable[object] | None:  # noqa: ANN401
    if isinstance(value, functools.partial):
        return value.func, value.args, value.keywords
    if isinstance(value, functools._lru_cache_wrapper):
        return ("cached", value.__wrapped__)
    if isinstance(value, (MethodType, BuiltinFunctionType)):
        return value.__self__, value.__name__
    if isinstance(value, ModuleType):
        return (value.__name__,)
    if isinstance(value, FunctionType):
        cells = [_content(cell) for cell in value.__closure__ or ()]
        return value.__module__, value.__code__, value.__defaults__, value.__kwdefaults__, cells
    if isinstance(value, CodeType):
        return (
            value.co_filename,
            value.co_firstlineno,
            value.co_code,
            value.co_names,
            value.co_consts,
        )
    return None


def _content(cell: Any) -> object:  # noqa: ANN401 - a cell
    try:
        return cell.cell_contents
    except ValueError:
        return "empty"


def _is_unordered(value: object) -> bool:
    return isinstance(value, (set, frozenset, dict))


def _is_found(value: Any) -> bool:  # noqa: ANN401
    """Whether a function, cached or not, or a class is what its module has by its name."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", None)
    found: Any = sys.modules.get(module) if isinstance(module, str) else None
    if found is None or not isinstance(name, str) or not callable(value):
        return False
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is value


def _is_by_text(value: object) -> bool:
    kinds = (getattr(sys.modules.get(module), name, None) for module, name in _BY_TEXT)
    return any(isinstance(kind, type) and isinstance(value, kind) for kind in kinds)


def _surroundings(loader: object) -> Iterator[str]:
    """Yield what else decides what a loader gives."""
    torch: Any = sys.modules.get("torch")
    # As they are in a torch that nobody has imported yet.
    yield str(torch.get_default_dtype()) if hasattr(torch, "get_default_dtype") else "torch.float32"
    yield str(torch.get_default_device()) if hasattr(torch, "get_default_device") else "cpu"
    yield STANDING.text
    for name in (_package_of(loader), *_LIBRARIES):
        yield f"{name} {_version_of(name)}"


def _package_of(loader: Any) -> str:  # noqa: ANN401
    while isinstance(loader, functools.partial):
        loader = loader.func
    return str(getattr(loader, "__module__", None) or "").partition(".")[0]


@functools.cache
def _version_of(package: str) -> str:
    """Return the version of a package that is installed; asking it would import it."""
    try:
        return importlib.metadata.version(package)
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return ""

"""What of a loaded object are weights: found by what its type can do, for we import no library.

The type is asked, not the object: a mock has every attribute.
"""

from __future__ import annotations

import ctypes
import sys
import zlib
from collections.abc import Iterator
from typing import Any

#: Attributes in which wrappers have their model: a pipeline of transformers.
_INNER = ("model",)


def modules_in(value: Any) -> Iterator[Any]:  # noqa: ANN401 - whatever a loader returns
    """Yield the torch modules of what was loaded: itself, what it wraps, or its members."""
    for _path, part in _parts(value, ""):
        if _can(part, "named_parameters", "named_buffers", "eval", "requires_grad_"):
            yield part


def weights_in(value: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - as above
    """Yield the names and values of tensors and arrays: parameters, buffers, or members."""
    for path, part in _parts(value, ""):
        for name, weight in _named(part):
            if _is_tensor(weight) or _is_array(weight):
                yield ".".join(filter(None, (path, name))), weight


def checksum(weight: Any) -> int | None:  # noqa: ANN401 - a tensor or an array
    """Return a sum of all bytes; None where they cannot be had: a sparse tensor, or one on `meta`.

    By address, for numpy knows no bfloat16, and torch cannot show the bytes of a scalar.
    """
    try:
        if _is_tensor(weight):
            weight = weight.detach().cpu().contiguous()
            address, size = weight.data_ptr(), weight.numel() * weight.element_size()
        else:
            weight = sys.modules["numpy"].ascontiguousarray(weight)
            address, size = weight.ctypes.data, weight.nbytes
    except (RuntimeError, NotImplementedError):
        return None
    if not address and size:
        return None
    return zlib.crc32((ctypes.c_char * size).from_address(address)) if size else 0


def _parts(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    """Yield a value, or its members, with the path from the value to each."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _wrapped(member, f"{path}[{key!r}]")
    elif isinstance(value, (list, tuple)):
        for number, member in enumerate(value):
            yield from _wrapped(member, f"{path}[{number}]")
    else:
        yield from _wrapped(value, path)


def _wrapped(value: Any, path: str) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    yield path, value
    inner = getattr(value, "__dict__", {}).keys() & set(_INNER)
    if not _can(value, "named_parameters"):
        yield from ((".".join(filter(None, (path, name))), vars(value)[name]) for name in inner)


def _named(part: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401
    if _can(part, "named_parameters", "named_buffers"):
        yield from part.named_parameters()
        yield from part.named_buffers()
    elif _can(part, "state_dict"):
        yield from part.state_dict().items()
    else:
        yield "", part


def _can(value: object, *names: str) -> bool:
    return all(callable(getattr(type(value), name, None)) for name in names)


def _is_tensor(value: object) -> bool:
    return _can(value, "data_ptr", "element_size", "numel", "contiguous")


def _is_array(value: Any) -> bool:  # noqa: ANN401
    kind = getattr(sys.modules.get("numpy"), "ndarray", None)
    is_array = isinstance(kind, type) and isinstance(value, kind)
    return is_array and not value.dtype.hasobject

"""Messages as bytes and back: strict, total, and refusing the unknown.

A message is a JSON array: its name, then its fields in order. What is not exactly that is a
ProtocolError, and its sender is treated as crashed.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple, cast

from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol.messages import TYPES, Message
from pytest_bulkhead.protocol.values import from_plain

# ensure_ascii keeps lone surrogates (a test's bytes that are no UTF-8) sendable.
_encode = json.JSONEncoder(check_circular=False, separators=(",", ":")).encode

_decode = json.JSONDecoder().decode


def _is_int(value: object) -> bool:
    return type(value) is int


def _is_str(value: object) -> bool:
    return type(value) is str


def _is_bool(value: object) -> bool:
    return type(value) is bool


def _is_ints(value: object) -> bool:
    return type(value) is list and all(type(member) is int for member in value)


def _is_strs(value: object) -> bool:
    return type(value) is list and all(type(member) is str for member in value)


def _same(value: Any) -> Any:  # noqa: ANN401
    return value


#: {annotation: (is it so?, how it is read)}; a field of another type does not exist.
_KINDS: dict[str, tuple[Callable[[object], bool], Callable[[Any], Any]]] = {
    "int": (_is_int, _same),
    "str": (_is_str, _same),
    "bool": (_is_bool, _same),
    "tuple[int, ...]": (_is_ints, tuple),
    "tuple[str, ...]": (_is_strs, tuple),
    "Plain": (lambda _value: True, from_plain),
}


class _Shape(NamedTuple):
    make: type[Any]
    names: tuple[str, ...]
    kinds: tuple[tuple[Callable[[object], bool], Callable[[Any], Any]], ...]


def _shape(cls: type[Any]) -> _Shape:
    # NamedTuple keeps an annotation that is a text as a ForwardRef.
    words = [str(getattr(kind, "__forward_arg__", kind)) for kind in cls.__annotations__.values()]
    return _Shape(cls, tuple(cls._fields), tuple(_KINDS[word] for word in words))


_SHAPES = {cls.__name__: _shape(cls) for cls in TYPES}


def encode(message: Message) -> bytes:
    """Return the payload of a message; its `Plain` fields went through `to_plain` already."""
    return _encode((type(message).__name__, *message)).encode("ascii")


def decode(payload: bytes) -> Message:
    """Return the message of a payload.

    Raises:
        ProtocolError: it is none.
    """
    try:
        message = _decode(payload.decode("ascii"))
        if type(message) is not list:
            raise ProtocolError(f"no message: {payload[:80]!r}")
        name, *values = message
        shape = _SHAPES[name]
        if len(values) != len(shape.kinds):
            raise ProtocolError(f"{name} has {len(values)} fields, not {len(shape.kinds)}")
        return cast(Message, shape.make(*_read_fields(name, shape, values)))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as problem:
        raise ProtocolError(f"no message: {payload[:80]!r} ({problem!r})") from problem


def _read_fields(name: str, shape: _Shape, values: list[Any]) -> list[Any]:
    fields = []
    for value, field, (fits, read) in zip(values, shape.names, shape.kinds, strict=True):
        if not fits(value):
            raise ProtocolError(f"{name}.{field} cannot be {value!r:.80}")
        fields.append(read(value))
    return fields

"""Python values as JSON, with what JSON lacks: tuples, sets, bytes, and keys of any type.

Report attributes are set by any plugin, so they may be anything. Types that are their own value
arrive as they were; all else arrives as the text of its repr. Nothing raises: a value must never
cost a verdict. (xdist drops the whole run, with exit status 0, over
`record_property("p", Path())`.)
"""

from __future__ import annotations

from typing import Any

#: Containers around a value; deeper than any report.
MAX_DEPTH = 40

#: Characters of a text, beyond which its middle is cut. A failing test that prints 2 GB has one
#: section of that size; nobody reads more than its ends.
MAX_TEXT = 8 * 1024 * 1024

#: An integer that json prints and parses by itself on any Python (gh-95778 limits longer ones).
_MAX_INT = 2**63

_ATOMS = frozenset({bool, float, type(None)})


def to_plain(value: Any, path: tuple[int, ...] = ()) -> Any:  # noqa: ANN401 - JSON's own type
    """Return a value as what `json.dumps` takes.

    Args:
        value: anything.
        path: the identities of the containers around it.
    """
    kind = type(value)
    if kind is str:
        return cut(value)
    if kind in _ATOMS:
        return value
    if kind is int:
        return value if -_MAX_INT < value < _MAX_INT else {"$int": hex(value)}
    if len(path) > MAX_DEPTH or id(value) in path:
        # Depth alone would not do: a list that contains itself twice has 2^40 members by then.
        return {"$repr": "..."}
    inside = (*path, id(value))
    if kind is list:
        return [to_plain(member, inside) for member in value]
    return _dict_to_plain(value, inside) if kind is dict else _rare_to_plain(value, inside)


def _dict_to_plain(value: dict[Any, Any], path: tuple[int, ...]) -> Any:  # noqa: ANN401
    if _has_plain_keys(value):
        return {
            # Most members are atoms or short; a call for each would double the cost of a report.
            key: member
            if (kind := type(member)) in _ATOMS or (kind is str and len(member) <= MAX_TEXT)
            else to_plain(member, path)
            for key, member in value.items()
        }
    return {"$dict": [[to_plain(k, path), to_plain(v, path)] for k, v in value.items()]}


def _has_plain_keys(value: dict[Any, Any]) -> bool:
    """Whether a dict can be sent as one: its keys are texts, and it reads as no tagged value."""
    try:
        "".join(value)  # the cheapest question whether all are texts
    except TypeError:
        return False
    return len(value) != 1 or next(iter(value)) not in _READERS


def _rare_to_plain(value: Any, path: tuple[int, ...]) -> Any:  # noqa: ANN401
    kind = type(value)
    if kind is tuple:
        return {"$tuple": [to_plain(member, path) for member in value]}
    if kind in (set, frozenset):
        return {f"${kind.__name__}": [to_plain(member, path) for member in value]}
    if kind is bytes:
        return {"$bytes": value.decode("latin-1")}
    return {"$repr": safe_repr(value)}


def from_plain(value: Any) -> Any:  # noqa: ANN401
    """Return the value that `to_plain` was given, a repr's text where it could not be sent."""
    if type(value) is dict:
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key in _READERS:
                return _READERS[key](inner)
        return {
            key: from_plain(member) if type(member) in _CONTAINERS else member
            for key, member in value.items()
        }
    if type(value) is list:
        return [from_plain(member) if type(member) in _CONTAINERS else member for member in value]
    return value


_CONTAINERS = frozenset({dict, list})


_READERS: dict[str, Any] = {
    "$tuple": lambda inner: tuple(from_plain(member) for member in inner),
    "$set": lambda inner: {from_plain(member) for member in inner},
    "$frozenset": lambda inner: frozenset(from_plain(member) for member in inner),
    "$bytes": lambda inner: inner.encode("latin-1"),
    "$int": lambda inner: int(inner, 16),
    "$dict": lambda inner: {from_plain(key): from_plain(member) for key, member in inner},
    "$repr": str,
}


def safe_repr(value: object) -> str:
    """Return the repr of a value, or a text that says that it has none."""
    try:
        return cut(repr(value))
    except Exception as problem:  # noqa: BLE001 - a repr of a user may raise anything
        return f"<{type(value).__name__} whose repr raised {type(problem).__name__}>"


def cut(text: str, limit: int = MAX_TEXT) -> str:
    """Return a text without its middle when it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = limit // 2
    left_out = len(text) - 2 * half
    return f"{text[:half]}\n[... {left_out} characters cut by pytest-bulkhead ...]\n{text[-half:]}"

"""What all guards have in common: a resource is looked at, compared, and put back."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, ClassVar

from pytest_bulkhead.protocol.values import cut, safe_repr

#: Characters of a value in a text.
_SHORT = 80

#: It differs from run to run, and tells nobody anything.
_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class Resource:
    """One resource of the process; several may share the name of a guard."""

    #: The guard, as users name it.
    name: ClassVar[str]
    #: What is watched, for the docs.
    watches: ClassVar[str]
    #: What a user can do about it.
    advice: ClassVar[str]
    #: Off until it is asked for by name.
    unasked: ClassVar[bool] = False
    #: What is left may belong to a wide fixture that stands, whose teardown then ends it: it is
    #: told when that was torn down.
    may_be_held: ClassVar[bool] = False

    def attend(self) -> None:
        """Begin to note what cannot be seen afterwards; once in a process or one above it."""

    def snapshot(self) -> Any:  # noqa: ANN401 - whatever says what it is like, comparable by ==
        """Return what the resource is like now; a dict is compared and merged by its keys.

        It is called before and after each test, so it takes a few microseconds; texts are made in
        `differences`.
        """
        raise NotImplementedError

    def differences(self, before: Any, after: Any) -> Iterable[str]:  # noqa: ANN401
        """Return what was left between two snapshots, in a few words each; nothing for harmless."""
        raise NotImplementedError

    def restore(self, before: Any) -> None:  # noqa: ANN401
        """Make the resource what it was in a snapshot, as far as that can be done."""

    def place_in(self, functions: Sequence[Any]) -> str:  # noqa: ARG002
        """Return which line of a test, or its fixtures, did it, as `file:line`; or empty."""
        return ""


def short(value: object) -> str:
    """Return a value in a few characters."""
    text = _ADDRESS.sub("", cut(safe_repr(value), 4 * _SHORT))
    return text if len(text) <= _SHORT else f"{text[: _SHORT - 3]}..."


def named_changes(before: Mapping[Any, Any], after: Mapping[Any, Any]) -> Iterator[str]:
    """Yield which names were added, removed or changed; no values, which may be secret."""
    for key in sorted(before.keys() | after.keys(), key=str):
        if key not in before:
            yield f"{key} was added"
        elif key not in after:
            yield f"{key} was removed"
        elif before[key] is not after[key] and before[key] != after[key]:
            yield f"{key} was changed"


def shown_changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    """Yield which values are others now, with both."""
    for key in sorted(before.keys() & after.keys()):
        old, new = before[key], after[key]
        if old is not new and old != new:
            yield f"{key}: {short(new)}, was {short(old)}"


def list_changes(what: str, before: Iterable[object], after: Iterable[object]) -> Iterator[str]:
    """Yield what was added to a list and removed from it, or that its order is another."""
    old, new = list(before), list(after)
    added = [value for value in new if not _is_in(value, old)]
    removed = [value for value in old if not _is_in(value, new)]
    for word, values in (("added", added), ("removed", removed)):
        yield from (f"{what}: {word} {short(value)}" for value in values)
    if not added and not removed and old != new:
        yield f"{what}: its order was changed"


def _is_in(value: object, values: list[object]) -> bool:
    """Whether a list has a value; by identity for what is no text, for `==` may be anybody's."""
    if isinstance(value, str):
        return value in values
    return any(value is other for other in values)

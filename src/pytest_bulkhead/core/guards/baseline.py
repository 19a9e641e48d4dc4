"""What a state would be, had something else happened before it: how blame is kept apart.

A test is answerable for the difference between the state before its set-up and the state after its
teardown, less what others did in between: a session fixture that is set up for it, say. So what
another one changed is put into what the test started from, its **baseline**, as if it had happened
before. What both have changed cannot be told apart and is held against nobody.

A state is a list of values, one for each resource, whatever they are; a value that is a dict is
taken apart by its keys.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

State = list[Any]


class _Unknown:
    """A value that could not be had, or means nothing any more."""

    def __repr__(self) -> str:
        return "UNKNOWN"


#: Differs from nothing, so nobody is blamed.
UNKNOWN = _Unknown()

_MISSING = object()


def same(one: object, other: object) -> bool:
    """Whether two values are the same; what cannot be compared is not."""
    if one is other or one is UNKNOWN or other is UNKNOWN:
        return True
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - objects of a user may raise anything
        return False


def changed(before: Sequence[Any], after: Sequence[Any]) -> list[int]:
    """Return at which places two states differ."""
    return [at for at, pair in enumerate(zip(before, after, strict=True)) if not same(*pair)]


def rebased(base: State, before: State, after: State) -> State:
    """Return a baseline as it would be had what changed from `before` to `after` been there first.

    Args:
        base: the baseline.
        before: the state before somebody else was at work.
        after: the state after that.
    """
    result = list(base)
    for at in changed(before, after):
        result[at] = _moved(base[at], before[at], after[at])
    return result


def _moved(base: Any, before: Any, after: Any) -> Any:  # noqa: ANN401 - a value of any resource
    if type(base) is type(before) is type(after) is dict:
        return _moved_keys(base, before, after)
    return after if same(base, before) and base is not UNKNOWN else UNKNOWN


def _moved_keys(base: dict[Any, Any], before: dict[Any, Any], after: dict[Any, Any]) -> Any:  # noqa: ANN401
    result = dict(base)
    for key in before.keys() | after.keys():
        old, new = before.get(key, _MISSING), after.get(key, _MISSING)
        if same(old, new):
            continue
        if new is _MISSING:
            result.pop(key, None)
        else:
            result[key] = new
    return result

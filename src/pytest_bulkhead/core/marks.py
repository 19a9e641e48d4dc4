"""What the `isolate`, `xdist_group`, `forked` and `timeout` marks of a test ask for.

The rules, in the order in which they are applied:

1. A scope only tightens: the tightest of all marks counts.
2. Two different scopes on one node, or two different group names on one test, contradict.
3. `forked` is an old name for the scope `function`.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.levels import Level, parse_level, tighter
from pytest_bulkhead.errors import UsageProblem


class Mark(NamedTuple):
    """A mark as pytest has it, and the node (function, class, module) that carries it."""

    name: str
    args: tuple[object, ...]
    kwargs: Mapping[str, object]
    node: str


class Wish(NamedTuple):
    """What all marks of a test ask for together."""

    level: Level = Level.SESSION
    group: str | None = None
    timeout: float | None = None


def read_marks(nodeid: str, marks: Sequence[Mark]) -> Wish:
    """Join the marks of a test.

    Args:
        nodeid: the test, for messages.
        marks: its marks, closest first.

    Raises:
        UsageProblem: a mark has a value that it cannot have, or two contradict.
    """
    level, group, timeout = Level.SESSION, None, None
    scope_of_node: dict[str, Level] = {}
    for mark in marks:
        if mark.name == "timeout":
            timeout = _read_timeout(nodeid, mark) if timeout is None else timeout
            continue
        scope, name = _READERS[mark.name](nodeid, mark)
        if scope is not None:
            _refuse_second_scope(nodeid, scope, scope_of_node.setdefault(mark.node, scope))
            level = tighter(level, scope)
        if name is not None:
            group = _join_group(nodeid, group, name)
    return Wish(level, group, timeout)


def _read_isolate(nodeid: str, mark: Mark) -> tuple[Level | None, str | None]:
    unknown = sorted(set(mark.kwargs) - {"scope", "group"})
    scopes = [*mark.args, *([mark.kwargs["scope"]] if "scope" in mark.kwargs else [])]
    if unknown:
        raise _refuse(nodeid, f"isolate() has no argument {unknown[0]!r}")
    if len(scopes) > 1:
        raise _refuse(nodeid, f"isolate() takes one scope, not {len(scopes)}: {scopes!r}")
    if not scopes and "group" not in mark.kwargs:
        raise _refuse(nodeid, "isolate() asks for nothing")
    level = parse_level(scopes[0], f"{nodeid}: mark isolate") if scopes else None
    return level, _read_group(nodeid, mark.kwargs["group"]) if "group" in mark.kwargs else None


def _read_xdist_group(nodeid: str, mark: Mark) -> tuple[Level | None, str | None]:
    name = mark.args[0] if mark.args else mark.kwargs.get("name", "default")
    return None, _read_group(nodeid, name)


def _read_forked(_nodeid: str, _mark: Mark) -> tuple[Level | None, str | None]:
    return Level.FUNCTION, None


_READERS = {"isolate": _read_isolate, "xdist_group": _read_xdist_group, "forked": _read_forked}

#: The names of all marks that are read here.
NAMES = (*_READERS, "timeout")


def _read_group(nodeid: str, name: object) -> str:
    if isinstance(name, str) and name:
        return name
    raise _refuse(nodeid, f"a group's name is a text that is not empty, not {name!r}")


def _read_timeout(nodeid: str, mark: Mark) -> float:
    value = mark.args[0] if mark.args else mark.kwargs.get("timeout")
    if isinstance(value, (int, float)) and not isinstance(value, bool) and value >= 0:
        with contextlib.suppress(OverflowError):  # of an integer with hundreds of digits
            return float(value)
    raise UsageProblem(
        f"{nodeid}: mark timeout: {value!r} is no number of seconds\n"
        "hint: write @pytest.mark.timeout(30)"
    )


def _refuse_second_scope(nodeid: str, scope: Level, first: Level) -> None:
    if scope is not first:
        raise _refuse(nodeid, f"scopes {scope.word!r} and {first.word!r} contradict each other")


def _join_group(nodeid: str, known: str | None, name: str) -> str:
    if known is not None and known != name:
        raise _refuse(nodeid, f"groups {known!r} and {name!r} contradict each other")
    return name


def _refuse(nodeid: str, what: str) -> UsageProblem:
    return UsageProblem(
        f"{nodeid}: mark isolate: {what}\n"
        'hint: write @pytest.mark.isolate("module") or @pytest.mark.isolate(group="name")'
    )

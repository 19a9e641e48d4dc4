"""The environment of this process, and who read what of it too early."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from types import FrameType
from typing import Any

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.system.places import importing_place, starting_place

_reads: dict[str, str] = {}
_times: Counter[str] = Counter()
_writes: dict[str, str] = {}


class _Watched(dict[Any, Any]):
    """The mapping inside `os.environ`, noting reads and writes of some names."""

    watched: frozenset[bytes] = frozenset()
    guarded: frozenset[bytes] = frozenset()

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - os.environ's own type
        if key in self.watched and not _reads_all(sys._getframe(1)):
            _note(os.fsdecode(key), sys._getframe(1))
        return super().__getitem__(key)

    def __setitem__(self, key: Any, value: Any) -> None:  # noqa: ANN401
        self._note_write(key, sys._getframe(1))
        super().__setitem__(key, value)

    def __delitem__(self, key: Any) -> None:  # noqa: ANN401
        self._note_write(key, sys._getframe(1))
        super().__delitem__(key)

    def _note_write(self, key: Any, frame: FrameType) -> None:  # noqa: ANN401
        if key in self.guarded:
            _writes[os.fsdecode(key)] = starting_place(frame)


def watch_reads(*names: str) -> None:
    """Begin to note reads of variables while modules of the user are imported."""
    watched = _watched_environ()
    if watched is not None:
        watched.watched |= set(map(os.fsencode, names))


def watch_writes(*names: str) -> None:
    """Begin to note who changes variables."""
    watched = _watched_environ()
    if watched is not None:
        watched.guarded |= set(map(os.fsencode, names))


def _watched_environ() -> _Watched | None:
    """Return the watched mapping inside `os.environ`, put there if need be.

    `os.environ` has no hook for it; its inner mapping has been a plain dict from 3.10 to 3.14.
    """
    inner = getattr(os.environ, "_data", None)
    if type(inner) is dict:
        inner = _Watched(inner)
        # Both are views of one mapping.
        os.environ._data = os.environb._data = inner  # type: ignore[attr-defined]
    return inner if isinstance(inner, _Watched) else None


#: Where variables are read one after the other, as (module, function): who has that done, as tqdm
#: does when it is imported, asks for none of them.
_READING_ALL = {("collections.abc", "__iter__"), ("os", "copy")}


def _reads_all(frame: FrameType) -> bool:
    caller = frame.f_back
    code = caller and (caller.f_globals.get("__name__"), caller.f_code.co_name)
    return code in _READING_ALL


def _note(name: str, frame: FrameType | None) -> None:
    _times[name] += 1
    place = importing_place(frame)
    if place:
        _reads.setdefault(name, place)


def first_read_of(name: str) -> Fact[str]:
    """Return where a watched variable was first read at import, as `file:line`; empty for never."""
    inner = getattr(os.environ, "_data", None)
    if not isinstance(inner, _Watched) or os.fsencode(name) not in inner.watched:
        return Unknown(f"nobody has seen whether {name} was read at import")
    return Known(_reads.get(name, ""), "os.environ")


def reads_of(name: str) -> int:
    """Return how often a watched variable was read, wherever."""
    return _times[name]


def last_write_of(name: str) -> str:
    """Return where a guarded variable was last changed, as `file:line`; empty for nowhere."""
    return _writes.get(name, "")


def replace_environ(wanted: Mapping[str, str]) -> None:
    """Make the environment equal to a mapping."""
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value

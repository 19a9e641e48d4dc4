"""The environment of this process, and who read what of it too early."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Mapping
from types import FrameType
from typing import Any

from pytest_bulkhead.core.known import Fact, Known, Unknown

#: Where Python's own modules are.
_LIBRARY = os.path.dirname(os.__file__) + os.sep

_reads: dict[str, str] = {}
_times: Counter[str] = Counter()


class _Watched(dict[Any, Any]):
    """The mapping inside `os.environ`, noting reads of some names."""

    watched: frozenset[bytes] = frozenset()

    def __getitem__(self, key: Any) -> Any:  # noqa: ANN401 - os.environ's own type
        if key in self.watched:
            _note(os.fsdecode(key), sys._getframe(1))
        return super().__getitem__(key)


def watch_reads(*names: str) -> None:
    """Begin to note reads of variables while modules of the user are imported.

    `os.environ` has no hook for it; its inner mapping has been a plain dict from 3.10 to 3.14.
    """
    inner = getattr(os.environ, "_data", None)
    if type(inner) is dict:
        watched = _Watched(inner)
        watched.watched = frozenset(map(os.fsencode, names))
        os.environ._data = watched  # type: ignore[attr-defined]


def _note(name: str, frame: FrameType | None) -> None:
    _times[name] += 1
    place = importing_place(frame)
    if place:
        _reads.setdefault(name, place)


def importing_place(frame: FrameType | None) -> str:
    """Return which line of the user's is being imported, as `file:line`; empty for none."""
    while frame is not None:
        path = frame.f_code.co_filename
        if frame.f_code.co_name == "<module>" and is_of_user(path):
            return f"{path}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def is_of_user(path: str) -> bool:
    """Whether a file of code is neither Python's nor of an installed package."""
    inside = f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}"
    own = (_LIBRARY, sys.prefix + os.sep + "bin", "<frozen", "<string>")
    return not path.startswith(own) and not any(part in path for part in inside)


def first_read_of(name: str) -> Fact[str]:
    """Return where a watched variable was first read at import, as `file:line`; empty for never."""
    inner = getattr(os.environ, "_data", None)
    if not isinstance(inner, _Watched) or os.fsencode(name) not in inner.watched:
        return Unknown(f"nobody has seen whether {name} was read at import")
    return Known(_reads.get(name, ""), "os.environ")


def reads_of(name: str) -> int:
    """Return how often a watched variable was read, wherever."""
    return _times[name]


def replace_environ(wanted: Mapping[str, str]) -> None:
    """Make the environment equal to a mapping."""
    for name in os.environ.keys() - wanted.keys():
        del os.environ[name]
    for name, value in wanted.items():
        if os.environ.get(name) != value:
            os.environ[name] = value

"""The threads of this process, and which line of the user's started which of them."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any
from weakref import WeakKeyDictionary

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.start.proof import PythonThread
from pytest_bulkhead.system import linux, process
from pytest_bulkhead.system.places import importing_place

_places: WeakKeyDictionary[threading.Thread, str] = WeakKeyDictionary()
_original: list[Any] = []


def watch_starts(find: Callable[[FrameType], str] = importing_place) -> None:
    """Begin to note where threads are started. Python has no hook for it.

    Args:
        find: returns the line that matters, given the frame that starts a thread.
    """
    if _original:
        return
    original = threading.Thread.start
    _original.append(original)

    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        _places[self] = find(sys._getframe(1))
        original(self)

    threading.Thread.start = start  # type: ignore[method-assign]


def unwatch_starts() -> None:
    """Put back what was there before."""
    while _original:
        threading.Thread.start = _original.pop()  # type: ignore[method-assign]


def python_threads() -> Fact[tuple[PythonThread, ...]]:
    """Return the threads that Python knows of, less the main one."""
    found = (PythonThread(thread.name, _places.get(thread, "")) for thread in _beside_main())
    return Known(tuple(found), "threading.enumerate")


def native_threads() -> Fact[tuple[str, ...]]:
    """Return the names of the threads that Python does not know of."""
    known = {process.own_pid(), *(thread.native_id for thread in _beside_main())}
    try:
        names = (name for tid, name in linux.threads().items() if tid not in known)
        return Known(tuple(names), linux.THREADS)
    except OSError as problem:
        return Unknown(f"the threads of the process cannot be counted: {problem}")


def _beside_main() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread is not threading.main_thread()]


def place_of(thread: threading.Thread) -> str:
    """Return where a thread was started, as `file:line`; empty when that was not seen."""
    return _places.get(thread, "")

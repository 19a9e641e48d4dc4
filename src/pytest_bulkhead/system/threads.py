"""Which import of the user's code started which thread: else it is hard to find."""

from __future__ import annotations

import functools
import sys
import threading
from collections.abc import Iterator
from typing import Any
from weakref import WeakKeyDictionary

from pytest_bulkhead.core.proof import PythonThread
from pytest_bulkhead.system.environ import importing_place

_places: WeakKeyDictionary[threading.Thread, str] = WeakKeyDictionary()
_original: list[Any] = []


def watch_starts() -> None:
    """Begin to note where threads are started. Python has no hook for it."""
    if _original:
        return
    original = threading.Thread.start
    _original.append(original)

    @functools.wraps(original)
    def start(self: threading.Thread) -> None:
        _places[self] = importing_place(sys._getframe(1))
        original(self)

    threading.Thread.start = start  # type: ignore[method-assign]


def unwatch_starts() -> None:
    """Put back what was there before."""
    while _original:
        threading.Thread.start = _original.pop()  # type: ignore[method-assign]


def python_threads() -> Iterator[PythonThread]:
    """Yield the threads that Python knows of, less the main one."""
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            yield PythonThread(thread.name, _places.get(thread, ""))

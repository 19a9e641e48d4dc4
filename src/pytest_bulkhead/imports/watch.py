"""The watch on imports: what each takes of time and memory, and which line led to it.

Theory of operation: all ways to import a module (the statement, `importlib.import_module`, C code)
end in one function of the interpreter's own importlib, `_load_unlocked`, which is looked up under
that name in its module each time. It is called once for a module, after that was found, by the
thread that loads it. Ours stands in its place, notes the time and calls it.

Simpler ways that fail:

- Wrapping `builtins.__import__` misses `import_module`, by which pytest imports test files, slows
  every statement down, also for what is loaded already, and tests replace it themselves.
- A finder in front of `sys.meta_path` sees no end of an import, unless it puts its own in the place
  of `spec.loader`, which `importlib.resources`, `pkgutil` and pytest's own finder look at; and who
  stands in front of it later (pytest, wrapt) hides modules from it.
- An audit hook sees no end either, nor `import_module`, and can't be taken away.
- `-X importtime` writes to stderr, which is captured, and knows neither lines nor tests.

Our function says that its code is of importlib: Python leaves those frames out of the traceback of
a module that raises, and does not count them for `stacklevel` of a warning.

What `importlib.util.LazyLoader` puts off is not seen when it is loaded in the end; and pytest loads
a test file itself with `--import-mode=importlib`: what that imports is seen, its own part not.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

from pytest_bulkhead.core.doctor.imports import Meter, Occasion, Paid, merge
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.system import clock, linux, natives, places, process

#: What isolation costs is no matter of the suite.
_OURS = "pytest_bulkhead"

#: What one process paid: of another, a fork leaves us a copy.
_Noted = tuple[int, Paid]


class _Thread(threading.local):
    """What is under way in a thread."""

    def __init__(self) -> None:
        self.meter = Meter()


class Watch:
    """Meters the imports of this process, and of those that are forked from it."""

    def __init__(self) -> None:
        self._thread = _Thread()
        self._noted: list[_Noted] = []
        self._over = False
        #: What the process is doing.
        self.occasion = Occasion(Phase.STARTING)

    def start(self) -> Callable[[], None]:
        """Stand in the way of imports; return what ends that."""
        bootstrap: Any = sys.modules["_frozen_importlib"]
        load = bootstrap._load_unlocked

        def _load_unlocked(spec: Any) -> Any:  # noqa: ANN401 - ModuleSpec, and a module
            around = self._begin(spec.name)
            try:
                return load(spec)
            finally:
                if around >= 0:
                    self._end(around, spec.name, sys._getframe())

        own = _load_unlocked.__code__
        _load_unlocked.__code__ = own.replace(co_filename=load.__code__.co_filename)
        bootstrap._load_unlocked = _load_unlocked

        def stop() -> None:
            self._over = True
            if bootstrap._load_unlocked is _load_unlocked:  # else somebody relies on ours
                bootstrap._load_unlocked = load

        return stop

    def _begin(self, name: str) -> int:
        """Begin an entry; return how many there are around it, -1 for none begun."""
        meter, package = self._thread.meter, natives.top_package(name)
        if self._over or not meter.begins(package):
            return -1
        return meter.begin(package, clock.monotonic(), linux.resident_bytes())

    def _end(self, around: int, name: str, frame: FrameType) -> None:
        paid = self._thread.meter.end(around, clock.monotonic(), linux.resident_bytes())
        if paid.package == _OURS:
            return
        paid = paid._replace(times=int(paid.package == name))
        if not paid.is_small:
            paid = paid._replace(place=places.starting_place(frame))
        # Told later: who tells may be in the middle of a message, or in another thread.
        self._noted.append((process.own_pid(), paid))

    def take(self) -> list[Paid]:
        """Return what this process paid since the last call, package by package."""
        noted, self._noted = self._noted, []
        own = process.own_pid()
        return merge(paid for pid, paid in noted if pid == own)

"""Threads that outlive their test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource
from pytest_bulkhead.guards.stopping import recognise
from pytest_bulkhead.system import clock, linux
from pytest_bulkhead.system.places import starting_place
from pytest_bulkhead.system.threads import place_of, watch_starts

#: Seconds that new threads have, together, to end by themselves before they are told of.
_LAST_STEPS = 0.02

#: Seconds that a thread has to end once it was asked to.
_GRACE = 2.0


class Threads(Resource):
    """Threads that Python knows of."""

    name = "threads"
    watches = "Python's threads: their name, what they run, the line that started them"
    advice = "join them, or shut their executor down, in a fixture's teardown"
    may_be_held = True

    def __init__(self) -> None:
        #: Asks somebody who may know to stop a thread; returns whether they did.
        self.ask: Callable[[threading.Thread], bool] = lambda _thread: False

    def attend(self) -> None:
        watch_starts(starting_place)

    def snapshot(self) -> dict[threading.Thread, None]:
        return dict.fromkeys(threading.enumerate())

    def differences(
        self, before: dict[threading.Thread, None], after: dict[threading.Thread, None]
    ) -> Iterator[str]:
        new = [thread for thread in after if thread not in before and _can_end(thread)]
        _join(new, _LAST_STEPS)
        for thread in new:
            if thread.is_alive():
                yield _describe(thread)

    def restore(self, before: dict[threading.Thread, None]) -> None:
        new = [thread for thread in self.snapshot() if thread not in before and _can_end(thread)]
        for thread, grace in [(thread, self._stop(thread)) for thread in new]:
            thread.join(grace)

    def _stop(self, thread: threading.Thread) -> float:
        """Ask a thread to end; return the seconds that this may take, 0.0 when nobody knows how."""
        if self.ask(thread):
            return _GRACE
        known = recognise(thread)
        if known is None:
            return 0.0
        known.stop(thread)
        return known.grace


def _can_end(thread: threading.Thread) -> bool:
    """Whether it was started by Python: what stands for a thread of C code never ends."""
    return not isinstance(thread, threading._DummyThread)


def _join(threads: Iterable[threading.Thread], seconds: float) -> None:
    """Wait for threads, for so long together."""
    deadline = clock.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - clock.monotonic()))


def _describe(thread: Any) -> str:  # noqa: ANN401 - a thread, whose target is private
    known, place = recognise(thread), place_of(thread)
    target = getattr(thread, "_target", None)
    what = known.what if known else _name_of(target) if target else type(thread).__qualname__
    where = f", started at {place}" if place else ""
    return f"the thread {thread.name} ({what}){where} is alive"


def _name_of(target: Any) -> str:  # noqa: ANN401 - a callable
    function = getattr(target, "__func__", target)
    return f"{getattr(function, '__module__', '?')}.{getattr(function, '__qualname__', target)}"


class NativeThreads(Resource):
    """Threads that Python does not know of. Most libraries keep a pool of them for ever."""

    name = "native_threads"
    watches = "threads that Python does not know of, by number and name"
    advice = "cap the pool, as by OMP_NUM_THREADS=1; or shut down what started them"
    unasked = True
    may_be_held = True

    def snapshot(self) -> dict[int, str]:
        pythons = {thread.native_id for thread in threading.enumerate()}
        return {tid: name for tid, name in linux.threads().items() if tid not in pythons}

    def differences(self, before: dict[int, str], after: dict[int, str]) -> Iterable[str]:
        new = sorted(name for task, name in after.items() if task not in before)
        names = ", ".join(dict.fromkeys(new))
        return [f"{len(new)} native threads more than before: {names}"] if new else []

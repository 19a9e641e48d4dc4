"""What a signal does to the process, and which are on their way."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import contextlib
import signal
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource, short

#: Less those of real time, half of all, which hardly anybody uses.
_NUMBERS = tuple(range(1, 32))
_TIMERS = {
    "real": signal.ITIMER_REAL, "virtual": signal.ITIMER_VIRTUAL, "profiling": signal.ITIMER_PROF,
}  # fmt: skip

#: Handlers in the order of `_NUMBERS`, the numbers that are blocked, and which timers are armed.
_State = tuple[tuple[Any, ...], set[int], tuple[bool, ...]]


class Signals(Resource):
    """Handlers, the mask, and timers that will send a signal."""

    name = "signals"
    watches = "handlers of signals, the mask of the main thread, armed alarms and interval timers"
    advice = "set handlers back, and signal.alarm(0), in a fixture's teardown"

    def snapshot(self) -> _State:
        # Those of `signal` look each handler up in an enum: ten times the time.
        return (
            tuple(map(_signal.getsignal, _NUMBERS)),
            _signal.pthread_sigmask(signal.SIG_BLOCK, ()),
            tuple([_signal.getitimer(number)[0] > 0 for number in _TIMERS.values()]),
        )

    def differences(self, before: _State, after: _State) -> Iterator[str]:
        for number, old, new in zip(_NUMBERS, before[0], after[0], strict=True):
            if old is not new and old != new:
                yield f"the handler of {_named(number)} is {_handler(new)}"
        for number in sorted(after[1] - before[1]):
            yield f"{_named(number)} is blocked"
        for number in sorted(before[1] - after[1]):
            yield f"{_named(number)} is not blocked any more"
        for name, was_armed, is_armed in zip(_TIMERS, before[2], after[2], strict=True):
            if is_armed and not was_armed:
                yield f"the {name} timer is armed (signal.alarm or setitimer)"

    def restore(self, before: _State) -> None:
        handlers, mask, armed = before
        for number, was_armed in zip(_TIMERS.values(), armed, strict=True):
            if not was_armed:
                signal.setitimer(number, 0)
        for number, old, new in zip(_NUMBERS, handlers, self.snapshot()[0], strict=True):
            # None is a handler of C code, which Python cannot set.
            if new is not old and old is not None:
                with contextlib.suppress(OSError, ValueError):
                    signal.signal(number, old)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


def _named(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _handler(value: Any) -> str:  # noqa: ANN401 - a function, or one of the two numbers
    if value is None:
        return "one of C code"
    return _NUMBERED[value] if isinstance(value, int) else short(value)


_NUMBERED = {int(signal.SIG_DFL): "the default", int(signal.SIG_IGN): "to ignore it"}

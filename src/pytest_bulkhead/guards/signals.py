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


class Signals(Resource):
    """Handlers, the mask, and timers that will send a signal."""

    name = "signals"
    watches = "handlers of signals, the mask of the main thread, armed alarms and interval timers"
    advice = "set handlers back, and signal.alarm(0), in a fixture's teardown"

    def snapshot(self) -> dict[Any, Any]:
        # Those of `signal` look each handler up in an enum: ten times the time.
        found: dict[Any, Any] = dict(zip(_NUMBERS, map(_signal.getsignal, _NUMBERS), strict=True))
        found["mask"] = _signal.pthread_sigmask(signal.SIG_BLOCK, ())
        for name, number in _TIMERS.items():
            found[name] = _signal.getitimer(number)[0] > 0
        return found

    def differences(self, before: dict[Any, Any], after: dict[Any, Any]) -> Iterator[str]:
        for number in _NUMBERS:
            if before[number] is not after[number] and before[number] != after[number]:
                yield f"the handler of {_named(number)} is {_handler(after[number])}"
        for number in sorted(after["mask"] - before["mask"]):
            yield f"{_named(number)} is blocked"
        for number in sorted(before["mask"] - after["mask"]):
            yield f"{_named(number)} is not blocked any more"
        for name in _TIMERS:
            if after[name] and not before[name]:
                yield f"the {name} timer is armed (signal.alarm or setitimer)"

    def restore(self, before: dict[Any, Any]) -> None:
        for name, number in _TIMERS.items():
            if not before[name]:
                signal.setitimer(number, 0)
        now = self.snapshot()
        for number in _NUMBERS:
            # None is a handler of C code, which Python cannot set.
            if now[number] is not before[number] and before[number] is not None:
                with contextlib.suppress(OSError, ValueError):
                    signal.signal(number, before[number])
        signal.pthread_sigmask(signal.SIG_SETMASK, before["mask"])


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

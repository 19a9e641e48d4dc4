"""What Python keeps for the whole process: where modules come from, hooks, streams, collector."""

from __future__ import annotations

import builtins
import faulthandler
import functools
import gc
import sys
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource, list_changes, short, shown_changes
from pytest_bulkhead.system import faults


class ImportPath(Resource):
    """Where modules come from."""

    name = "imports"
    watches = "`sys.path`, `sys.meta_path`, `sys.path_hooks`"
    advice = "use the fixture monkeypatch.syspath_prepend"

    _LISTS = ("path", "meta_path", "path_hooks")

    def snapshot(self) -> dict[str, tuple[list[Any], tuple[object, ...]]]:
        lists = {f"sys.{name}": getattr(sys, name) for name in self._LISTS}
        return {name: (members, tuple(members)) for name, members in lists.items()}

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        for name, (_object, members) in before.items():
            yield from list_changes(name, members, after[name][1])

    def restore(self, before: dict[str, tuple[list[Any], tuple[Any, ...]]]) -> None:
        for name, (members, content) in before.items():
            members[:] = content
            setattr(sys, name.removeprefix("sys."), members)
        sys.path_importer_cache.clear()


class Hooks(Resource):
    """What Python calls when something happens, and switches of the interpreter."""

    name = "hooks"
    watches = (
        "`sys.excepthook` and its like, `sys.settrace` and `setprofile`, `threading.excepthook`, "
        "`builtins.__import__`, `open`, `input` and `print`, the switch interval"
    )
    advice = "use the fixture monkeypatch.setattr"

    _NAMED: tuple[tuple[str, Any, str], ...] = (
        ("sys.excepthook", sys, "excepthook"),
        ("sys.unraisablehook", sys, "unraisablehook"),
        ("sys.displayhook", sys, "displayhook"),
        ("sys.breakpointhook", sys, "breakpointhook"),
        ("sys.dont_write_bytecode", sys, "dont_write_bytecode"),
        ("threading.excepthook", threading, "excepthook"),
        ("builtins.__import__", builtins, "__import__"),
        ("builtins.open", builtins, "open"),
        ("builtins.input", builtins, "input"),
        ("builtins.print", builtins, "print"),
    )
    #: {what it is called: how it is read and set}
    _KEPT: tuple[tuple[str, Any, Any], ...] = (
        ("sys.settrace", sys.gettrace, sys.settrace),
        ("sys.setprofile", sys.getprofile, sys.setprofile),
        ("threading.settrace", threading.gettrace, threading.settrace),
        ("threading.setprofile", threading.getprofile, threading.setprofile),
        ("sys.setswitchinterval", sys.getswitchinterval, sys.setswitchinterval),
    )

    def snapshot(self) -> dict[str, Any]:
        found = {title: getattr(owner, name) for title, owner, name in self._NAMED}
        for title, read, _set in self._KEPT:
            found[title] = read()
        return found

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterable[str]:
        return shown_changes(before, after)

    def restore(self, before: dict[str, Any]) -> None:
        for title, owner, name in self._NAMED:
            setattr(owner, name, before[title])
        for title, read, put in self._KEPT:
            if read() is not before[title]:
                put(before[title])


class Streams(Resource):
    """The standard streams."""

    name = "stdio"
    watches = "`sys.stdin`, `stdout`, `stderr`, and whether they are closed"
    advice = "use the fixtures capsys or monkeypatch.setattr"

    _NAMES = ("stdin", "stdout", "stderr")

    def snapshot(self) -> dict[str, tuple[object, object]]:
        found = {name: getattr(sys, name) for name in self._NAMES}
        return {name: (file, getattr(file, "closed", None)) for name, file in found.items()}

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
        for name, (file, closed) in after.items():
            if file is not before[name][0]:
                yield f"sys.{name} is {short(file)}"
            elif closed is not before[name][1]:
                yield f"sys.{name} was closed"

    def restore(self, before: dict[str, Any]) -> None:
        for name, (file, _closed) in before.items():
            setattr(sys, name, file)


class Collector(Resource):
    """The garbage collector."""

    name = "collector"
    watches = "whether the garbage collector is on, its thresholds, its debug flags and callbacks"
    advice = "call gc.enable() in a fixture's teardown; or see isolate_gc"

    def snapshot(self) -> dict[str, Any]:
        return {
            "enabled": gc.isenabled(),
            "thresholds": gc.get_threshold(),
            "debug flags": gc.get_debug(),
            "callbacks": tuple(gc.callbacks),
        }

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterable[str]:
        return shown_changes(before, after)

    def restore(self, before: dict[str, Any]) -> None:
        (gc.enable if before["enabled"] else gc.disable)()
        gc.set_threshold(*before["thresholds"])
        gc.set_debug(before["debug flags"])
        gc.callbacks[:] = before["callbacks"]


class RecursionLimit(Resource):
    """How deep Python calls may nest; too high a limit lets them overflow the C stack."""

    name = "recursion"
    watches = "`sys.getrecursionlimit()`"
    advice = "set it back in a fixture's teardown"

    def snapshot(self) -> int:
        return sys.getrecursionlimit()

    def differences(self, before: int, after: int) -> Iterable[str]:
        return shown_changes({"the recursion limit": before}, {"the recursion limit": after})

    def restore(self, before: int) -> None:
        sys.setrecursionlimit(before)


class Warnings(Resource):
    """The filters of warnings: of use where pytest's own plugin, which restores them, is off."""

    name = "warnings"
    watches = "filters of warnings; pytest restores them itself, unless `-p no:warnings`"
    advice = "use warnings.catch_warnings()"

    def snapshot(self) -> tuple[Any, tuple[Any, ...], object]:
        return warnings.filters, tuple(warnings.filters), warnings.showwarning

    def differences(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterator[str]:
        yield from list_changes("warnings.filters", map(str, before[1]), map(str, after[1]))
        if before[2] is not after[2]:
            yield f"warnings.showwarning is {short(after[2])}"

    def restore(self, before: tuple[Any, ...]) -> None:
        warnings.filters = before[0]
        before[0][:] = before[1]
        warnings.showwarning = before[2]
        getattr(warnings, "_filters_mutated", lambda: None)()


class Faults(Resource):
    """The writer of stacks at a crash, and its watchdog.

    Nobody can ask the watchdog whether it is armed, so who arms it is noted.
    """

    name = "faulthandler"
    watches = "whether `faulthandler` is on, and whether its watchdog is armed"
    advice = "call faulthandler.cancel_dump_traceback_later()"

    def __init__(self) -> None:
        #: When it goes off, on the monotonic clock; 0.0 for never.
        self._due = 0.0

    def attend(self) -> None:
        arm, cancel = faulthandler.dump_traceback_later, faulthandler.cancel_dump_traceback_later

        @functools.wraps(arm)
        def noted_arm(timeout: float, repeat: bool = False, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
            arm(timeout, repeat, *args, **kwargs)
            self._due = float("inf") if repeat else time.monotonic() + timeout

        @functools.wraps(cancel)
        def noted_cancel() -> None:
            cancel()
            self._due = 0.0

        faulthandler.dump_traceback_later = noted_arm
        faulthandler.cancel_dump_traceback_later = noted_cancel

    def snapshot(self) -> dict[str, bool]:
        armed = bool(self._due) and time.monotonic() < self._due
        return {"enabled": faulthandler.is_enabled(), "armed": armed}

    def differences(self, before: dict[str, bool], after: dict[str, bool]) -> Iterator[str]:
        if before["enabled"] != after["enabled"]:
            yield f"faulthandler was {'enabled' if after['enabled'] else 'disabled'}"
        if after["armed"] and not before["armed"]:
            yield "the watchdog of faulthandler (dump_traceback_later) is armed"

    def restore(self, before: dict[str, bool]) -> None:
        if not before["armed"]:
            faulthandler.cancel_dump_traceback_later()
        if before["enabled"] and not faulthandler.is_enabled():
            faults.write_faults_again()


class Decimals(Resource):
    """The context in which decimal numbers are calculated."""

    name = "decimal"
    watches = "the context of `decimal`: precision, rounding, traps"
    advice = "use decimal.localcontext()"

    _FIELDS = ("prec", "rounding", "Emin", "Emax", "capitals", "clamp")

    def snapshot(self) -> dict[str, Any]:
        decimal: Any = sys.modules.get("decimal")
        if not hasattr(decimal, "getcontext"):
            return {}
        context = decimal.getcontext()
        found = {name: getattr(context, name) for name in self._FIELDS}
        found["traps"] = tuple(signal for signal, is_on in context.traps.items() if is_on)
        return found

    def differences(self, before: dict[str, Any], after: dict[str, Any]) -> Iterable[str]:
        return shown_changes(before, after)

    def restore(self, before: dict[str, Any]) -> None:
        if before:
            context = sys.modules["decimal"].getcontext()
            for name in self._FIELDS:
                setattr(context, name, before[name])
            context.traps = {signal: signal in before["traps"] for signal in context.traps}

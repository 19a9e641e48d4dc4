"""What the operating system knows of the process: folder, variables, mask, limits, locale, time."""

from __future__ import annotations

import _locale
import contextlib
import os
import resource
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource, list_changes, named_changes, shown_changes

#: pytest's own, another one in each phase.
_PHASE_VARIABLE = b"PYTEST_CURRENT_TEST"


class Folder(Resource):
    """The current folder."""

    name = "cwd"
    watches = "the current folder"
    advice = "use the fixture monkeypatch.chdir"

    def snapshot(self) -> str:
        try:
            return os.getcwd()
        except OSError:
            return ""

    def differences(self, before: str, after: str) -> Iterable[str]:
        if not after:
            return [f"the current folder was deleted, it was {before}"]
        return [f"the current folder is {after}, it was {before or 'a deleted one'}"]

    def restore(self, before: str) -> None:
        with contextlib.suppress(OSError):
            os.chdir(before)


class Environ(Resource):
    """The environment variables. Their values are never shown: they may be secret."""

    name = "environ"
    watches = "environment variables, by name; and whether `os.environ` is the same object"
    advice = "use the fixture monkeypatch.setenv, or delenv"

    def snapshot(self) -> dict[Any, Any]:
        # The mapping inside, for `os.environ` decodes each name and value when it is copied.
        found = dict(getattr(os.environ, "_data", os.environ))
        found.pop(_PHASE_VARIABLE, None)
        found["os.environ"] = os.environ
        return found

    def differences(self, before: dict[Any, Any], after: dict[Any, Any]) -> Iterable[str]:
        return named_changes(_decoded(before), _decoded(after))

    def restore(self, before: dict[Any, Any]) -> None:
        os.environ = before["os.environ"]  # noqa: B003 - the object that was there before
        wanted, found = _decoded(before), _decoded(self.snapshot())
        for name in found.keys() - wanted.keys():
            del os.environ[name]
        for name, value in wanted.items():
            if found.get(name) != value and name != "os.environ":
                os.environ[name] = value


def _decoded(variables: dict[Any, Any]) -> dict[str, Any]:
    return {
        os.fsdecode(name): os.fsdecode(value) if isinstance(value, bytes) else value
        for name, value in variables.items()
    }


class Arguments(Resource):
    """The command line."""

    name = "argv"
    watches = "`sys.argv`"
    advice = 'use the fixture monkeypatch.setattr(sys, "argv", [...])'

    def snapshot(self) -> tuple[Any, tuple[object, ...]]:
        return sys.argv, tuple(sys.argv)

    def differences(self, before: Any, after: Any) -> Iterable[str]:  # noqa: ANN401
        return list_changes("sys.argv", before[1], after[1])

    def restore(self, before: tuple[list[str], tuple[str, ...]]) -> None:
        sys.argv, sys.argv[:] = before[0], before[1]


class FileMask(Resource):
    """The mask of new files."""

    name = "umask"
    watches = "the mask of new files"
    advice = "set it back in a fixture's teardown"

    def __init__(self) -> None:
        self._known = os.umask(0o77)
        os.umask(self._known)

    def snapshot(self) -> int:
        # Only setting it tells what it was: so it is set to what it most likely is.
        found = os.umask(self._known)
        if found != self._known:
            os.umask(found)
            self._known = found
        return found

    def differences(self, before: int, after: int) -> Iterable[str]:
        return [f"the mask is {after:#05o}, it was {before:#05o}"]

    def restore(self, before: int) -> None:
        os.umask(before)


class Locale(Resource):
    """The locale of C, and so of many libraries."""

    name = "locale"
    watches = "the locale, as `locale.setlocale` gives it"
    advice = "set it back in a fixture's teardown"

    def snapshot(self) -> str:
        return _locale.setlocale(_locale.LC_ALL, None)

    def differences(self, before: str, after: str) -> Iterable[str]:
        return shown_changes({"the locale": before}, {"the locale": after})

    def restore(self, before: str) -> None:
        _locale.setlocale(_locale.LC_ALL, before)


class TimeZone(Resource):
    """The time zone that `time.tzset` has put in force; the variable TZ is the environment's."""

    name = "timezone"
    watches = "the time zone in force (`time.tzset`)"
    advice = "call time.tzset() again once TZ is what it was"

    def snapshot(self) -> tuple[object, ...]:
        return time.tzname, time.timezone, os.environ.get("TZ")

    def differences(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> Iterable[str]:
        names = {"the time zone": "/".join(before[0])}, {"the time zone": "/".join(after[0])}
        return shown_changes(*names) if before[:2] != after[:2] else ()

    def restore(self, before: tuple[Any, ...]) -> None:
        if before[2] is None:
            os.environ.pop("TZ", None)
        else:
            os.environ["TZ"] = before[2]
        time.tzset()


class Limits(Resource):
    """The limits that the kernel keeps."""

    name = "limits"
    watches = "resource limits (`resource.setrlimit`)"
    advice = "set them in a child process"

    def __init__(self) -> None:
        # Of a limit that has two names, RLIMIT_NOFILE and RLIMIT_OFILE, the first one counts.
        names = sorted(
            (name for name in vars(resource) if name.startswith("RLIMIT_")), reverse=True
        )
        numbers = {getattr(resource, name): name for name in names}
        self._numbers = {name: number for number, name in numbers.items()}

    def snapshot(self) -> dict[str, tuple[int, int]]:
        return {name: resource.getrlimit(number) for name, number in self._numbers.items()}

    def differences(
        self, before: dict[str, tuple[int, int]], after: dict[str, tuple[int, int]]
    ) -> Iterator[str]:
        yield from shown_changes(before, after)

    def restore(self, before: dict[str, tuple[int, int]]) -> None:
        for name, limits in before.items():
            # A hard limit that was lowered stays so.
            with contextlib.suppress(OSError, ValueError):
                if resource.getrlimit(self._numbers[name]) != limits:
                    resource.setrlimit(self._numbers[name], limits)

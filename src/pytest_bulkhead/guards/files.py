"""What is left open, and what is left on the disk."""

from __future__ import annotations

import contextlib
import functools
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource
from pytest_bulkhead.system.places import starting_place

_DESCRIPTORS = "/proc/self/fd"


class Descriptors(Resource):
    """Open descriptors. They are never closed here: whose they are now, nobody can say."""

    name = "files"
    watches = "open descriptors, and what they are: files, sockets, pipes"
    advice = "close it, or use `with`"
    may_be_held = True

    def __init__(self) -> None:
        self._count = 0
        self._known: dict[str, None] = {}

    def snapshot(self) -> dict[str, None]:
        # Their number (since Linux 6.2, 0 before) is had in a tenth of the time of the list.
        count = os.stat(_DESCRIPTORS).st_size
        if not count or count != self._count:
            self._count, self._known = count, _list_descriptors()
        return self._known

    def differences(self, before: dict[str, None], after: dict[str, None]) -> Iterator[str]:
        for number in sorted(after.keys() - before.keys(), key=int):
            # It may have been closed by another thread.
            with contextlib.suppress(OSError):
                link = os.readlink(f"{_DESCRIPTORS}/{number}")
                yield f"{_what_is(int(number), link)} is open"


def _list_descriptors() -> dict[str, None]:
    # New descriptors have the lowest free number, so that of the listing itself is known; it would
    # hide one that is left at its number.
    folder = os.open(_DESCRIPTORS, os.O_RDONLY | os.O_DIRECTORY)
    try:
        inner = os.dup(folder)
        os.close(inner)
        found = dict.fromkeys(os.listdir(folder))
    finally:
        os.close(folder)
    for own in (folder, inner):
        found.pop(str(own), None)
    return found


def _what_is(number: int, link: str) -> str:
    kind, _, rest = link.partition(":")
    if kind == "socket":
        return _what_socket(number)
    if kind == "anon_inode":
        return f"an {rest.strip('[]')} of the kernel"
    return {"pipe": "a pipe"}.get(kind, link)


def _what_socket(number: int) -> str:
    try:
        with socket.socket(fileno=os.dup(number)) as one:
            names = [_shown(one.getsockname())]
            with contextlib.suppress(OSError):
                names.append(_shown(one.getpeername()))
            return f"the socket {' to '.join(names)}" if any(names) else "a socket without a name"
    except OSError:
        return "a socket"


def _shown(address: object) -> str:
    if isinstance(address, tuple):
        return ":".join(map(str, address[:2]))
    return str(address)


class TemporaryFiles(Resource):
    """Files and folders that were made by `tempfile` and are still there.

    Each is noted when it is made: others write to the same folder.
    """

    name = "temporary"
    watches = "files and folders that the module `tempfile` has made and nobody removed"
    advice = "use the fixture tmp_path, or tempfile's own `with`"
    may_be_held = True

    def __init__(self) -> None:
        #: {path: the line that made it}
        self._made: dict[str, str] = {}

    def attend(self) -> None:
        self._note("_mkstemp_inner", lambda result: result[1])
        self._note("mkdtemp", lambda result: result)

    def _note(self, name: str, path_of: Callable[[Any], Any]) -> None:
        make = getattr(tempfile, name, None)
        if make is None:
            return

        @functools.wraps(make)
        def noted(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            result = make(*args, **kwargs)
            self._made[os.fsdecode(path_of(result))] = starting_place(sys._getframe(1))
            return result

        setattr(tempfile, name, noted)

    def snapshot(self) -> dict[str, str]:
        for path in [path for path in self._made if not os.path.lexists(path)]:
            del self._made[path]
        return dict(self._made)

    def differences(self, before: dict[str, str], after: dict[str, str]) -> Iterator[str]:
        for path in (path for path in after if path not in before):
            place = f", made at {after[path]}" if after[path] else ""
            yield f"{path}{place}, is still there"

    def restore(self, before: dict[str, str]) -> None:
        for path in self._made.keys() - before.keys():
            if os.path.isdir(path) and not os.path.islink(path):
                shutil.rmtree(path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(path)

"""Connections that a fork would share: what two processes say on one connection nobody understands.

Sockets that were there before any code of the user ran belong to whoever started us.
"""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Collection, Iterator
from typing import Any

from pytest_bulkhead.core.known import Fact, Known, Unknown

#: Where the open descriptors of this process are listed.
_OPEN = "/proc/self/fd"

_STREAMS = (socket.SOCK_STREAM, socket.SOCK_SEQPACKET)

_inherited: set[str] = set()


def note_inherited() -> None:
    """Remember the sockets that are there now."""
    with contextlib.suppress(OSError):
        _inherited.update(name for _fd, name in _open_sockets())


def _open_sockets() -> Iterator[tuple[int, str]]:
    for entry in os.listdir(_OPEN):
        # The descriptor of the listing itself is among them, and gone.
        with contextlib.suppress(OSError):
            name = os.readlink(f"{_OPEN}/{entry}")
            if name.startswith("socket:"):
                yield int(entry), name


def shared_connections(renewed: Collection[int] = ()) -> Fact[tuple[str, ...]]:
    """Return what each socket does that was opened since: listens, or is connected.

    Args:
        renewed: descriptors of connections that each worker makes anew.
    """
    found = []
    try:
        for fd, name in _open_sockets():
            if name not in _inherited and fd not in renewed:
                with contextlib.suppress(OSError), socket.socket(fileno=os.dup(fd)) as sock:
                    found.append(_describe(sock))
    except OSError as problem:
        return Unknown(f"the sockets of the process cannot be listed: {problem}")
    return Known(tuple(sorted(filter(None, found))), _OPEN)


def _describe(sock: socket.socket) -> str:
    if sock.type not in _STREAMS:
        return ""
    if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        return f"a socket that listens on {_address(sock.getsockname())}"
    with contextlib.suppress(OSError):  # raised when it is not connected
        peer = sock.getpeername()
        # A pair has no address: our own channel, or what a selector wakes itself with.
        return f"a socket that is connected to {_address(peer)}" if peer else ""
    return ""


def _address(address: Any) -> str:  # noqa: ANN401 - its form depends on the family
    if isinstance(address, tuple):
        return f"{address[0]}:{address[1]}"
    return os.fsdecode(address)

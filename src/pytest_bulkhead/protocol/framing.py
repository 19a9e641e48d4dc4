"""Bytes in, payloads out: four bytes of length, then that many bytes.

Things that don't work: a line protocol (a test's 50 MB of captured output would be searched for
line ends), and pickle or marshal (a worker whose heap is broken could break the controller's).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

from pytest_bulkhead.errors import ProtocolError

_HEAD = struct.Struct(">I")

#: The largest payload, in bytes. Captured output is cut to 8 MiB a section before it is sent, so
#: only garbage is longer; h2 and gRPC cap frames for the same reason.
LIMIT = 256 * 1024 * 1024


def frame(payload: bytes) -> bytes:
    """Return a payload with its length in front.

    Raises:
        ProtocolError: it is longer than the other side would take.
    """
    if len(payload) > LIMIT:
        raise ProtocolError(f"a payload of {len(payload)} bytes is over the limit of {LIMIT}")
    return _HEAD.pack(len(payload)) + payload


class FrameReader:
    """Cuts a stream of bytes into payloads."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Take bytes; yield the payloads that are complete, those before garbage included.

        Raises:
            ProtocolError: a length is over the limit, so this is no stream of ours.
        """
        self._buffer += chunk
        start, end = 0, len(self._buffer)
        try:
            while end - start >= _HEAD.size:
                (length,) = _HEAD.unpack_from(self._buffer, start)
                if length > LIMIT:
                    raise ProtocolError(f"a frame claims {length} bytes, over the limit of {LIMIT}")
                body = start + _HEAD.size
                if end - body < length:
                    return
                start = body + length
                yield bytes(self._buffer[body:start])
        finally:
            del self._buffer[:start]

    @property
    def partial(self) -> bool:
        """Whether a payload has begun and not ended."""
        return bool(self._buffer)

"""One end of a channel: messages over an inherited socket, with descriptors where needed.

Two ways to send. Templates and workers block: they have nothing better to do. The controller
never blocks, for a worker that does not read must not stop the run; what the socket does not take
waits in the outbox until `flush`.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections import deque
from collections.abc import Iterator, Sequence

from pytest_bulkhead.protocol.codec import decode, encode
from pytest_bulkhead.protocol.framing import FrameReader, frame
from pytest_bulkhead.protocol.messages import Message
from pytest_bulkhead.system.files import raise_fd

#: The real one: tests patch what sockets do, by the class, and a worker must be heard then.
_send_all = socket.socket.sendall

_CHUNK = 256 * 1024
_MAX_FDS = 8


class Endpoint:
    """One end of a channel."""

    def __init__(self, sock: socket.socket, *, blocking: bool = True) -> None:
        self.sock = sock
        self.closed = False
        self._reader = FrameReader()
        self._outbox = bytearray()
        self._descriptors: deque[int] = deque()
        self._blocking = blocking
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        sock.setblocking(blocking)

    def fileno(self) -> int:
        """Return the descriptor, for selectors."""
        return self.sock.fileno()

    def send(self, message: Message, fds: Sequence[int] = ()) -> None:
        """Send a message, and descriptors with it.

        Raises:
            OSError: the other side is gone, or our descriptor was closed under us.
        """
        block = frame(encode(message))
        if self._blocking:
            if fds:
                sent = socket.send_fds(self.sock, [block[:1]], fds)
                block = block[sent:]
            _send_all(self.sock, block)
        else:
            self._send_some(block, fds)

    def _send_some(self, block: bytes, fds: Sequence[int]) -> None:
        if fds:
            # Descriptors travel with the first byte that leaves after them, so what waits goes
            # first. Only the keeper and an idle template are sent any: they read at once.
            self.sock.setblocking(True)
            try:
                self.sock.sendall(self._outbox)
                self._outbox.clear()
                sent = socket.send_fds(self.sock, [block[:1]], fds)
            finally:
                self.sock.setblocking(False)
            block = block[sent:]
        self._outbox += block
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as the other side takes it."""
        with contextlib.suppress(BlockingIOError):
            while self._outbox:
                sent = self.sock.send(self._outbox)
                del self._outbox[:sent]

    @property
    def pending(self) -> bool:
        """Whether something waits in the outbox."""
        return bool(self._outbox)

    def receive(self) -> Iterator[Message]:
        """Yield the messages that have arrived; `closed` tells when no more can come.

        Raises:
            ProtocolError: what follows those messages is none.
        """
        chunk = self._read()
        if chunk == b"":
            self.closed = True
        elif chunk is not None:
            for payload in self._reader.feed(chunk):
                yield decode(payload)

    def forget_partial(self) -> None:
        """Drop the beginning of a message whose rest will never come."""
        self._reader = FrameReader()

    def drain(self) -> Iterator[Message]:
        """Yield all messages that the other side sent before it ended.

        Raises:
            ProtocolError: what arrived is no message.
        """
        while not self.closed and self.readable(0):
            yield from self.receive()

    def _read(self) -> bytes | None:
        try:
            if not self._blocking:
                return self.sock.recv(_CHUNK)  # nobody sends descriptors to the controller
            chunk, fds, _flags, _address = socket.recv_fds(self.sock, _CHUNK, _MAX_FDS)
        except BlockingIOError:
            return None
        except ConnectionError:
            return b""
        self._descriptors.extend(raise_fd(fd) for fd in fds)
        return chunk

    def readable(self, seconds: float | None) -> bool:
        """Wait until something can be received, `seconds` at most; None waits for ever."""
        return bool(self._poll.poll(None if seconds is None else seconds * 1000))

    def wait_messages(self) -> list[Message]:
        """Return the next messages, one at least; an empty list means that no more can come."""
        while not self.closed:
            messages = list(self.receive())
            if messages:
                return messages
        return []

    def take_fds(self, count: int) -> list[int]:
        """Return descriptors that came with messages, oldest first."""
        return [self._descriptors.popleft() for _ in range(count)]

    def hang_up(self) -> None:
        """End the channel for both sides: the other one hears of it at its next word."""
        with contextlib.suppress(OSError):
            self.sock.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Close this end."""
        self.closed = True
        with contextlib.suppress(OSError):
            self.sock.close()


def channel() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a new channel; neither survives an exec."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    return ours, theirs


def endpoint_of(fd: int) -> Endpoint:
    """Return a blocking endpoint on an inherited descriptor."""
    return Endpoint(socket.socket(fileno=fd))

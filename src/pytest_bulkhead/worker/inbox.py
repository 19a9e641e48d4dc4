"""What the controller has sent to a worker, and questions to it that wait for their answer."""

from __future__ import annotations

from typing import TypeVar

from pytest_bulkhead.core.ends import LOST_CHANNEL
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import leaving
from pytest_bulkhead.system.endpoint import Endpoint
from pytest_bulkhead.worker.reporter import Mouth

Answer = TypeVar("Answer")


class Inbox:
    """The orders that have arrived, oldest first."""

    def __init__(self, mouth: Mouth) -> None:
        self._endpoint: Endpoint
        self._mouth = mouth
        self._orders: list[msg.Message] = []

    def connect(self, endpoint: Endpoint, earlier: list[msg.Message]) -> None:
        """Begin to listen, with the orders that have arrived already."""
        self._endpoint = endpoint
        self._orders.extend(earlier)

    def reconnect(self, endpoint: Endpoint) -> None:
        """Listen to somebody else; what was not taken yet is not for us."""
        self._endpoint, self._orders = endpoint, []

    def take(self, *, wait: bool) -> list[msg.Message]:
        """Return the orders that have arrived; with `wait`, one at least."""
        while wait and not self._orders:
            self._receive()
        while self._endpoint.readable(0):
            self._receive()
        orders, self._orders = self._orders, []
        return orders

    def ask(self, question: msg.Message, answer: type[Answer]) -> Answer:
        """Send a question and wait for its answer; other orders stay for later."""
        self._mouth.say(question)
        while True:
            for place, order in enumerate(self._orders):
                if isinstance(order, answer):
                    # Not `remove`: messages without fields are all equal, as empty tuples are.
                    del self._orders[place]
                    return order
            self._receive()

    def _receive(self) -> None:
        try:
            self._orders.extend(self._endpoint.receive())
        except ProtocolError:
            leaving.exit_process(LOST_CHANNEL)
        if self._endpoint.closed:
            leaving.exit_process(LOST_CHANNEL)  # nobody would hear what follows

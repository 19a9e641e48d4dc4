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
        self._answers: Endpoint
        self._mouth = mouth
        self._orders: list[msg.Message] = []

    def connect(self, endpoint: Endpoint, answers: Endpoint, earlier: list[msg.Message]) -> None:
        """Begin to listen.

        Args:
            endpoint: where orders come.
            answers: where answers come: who asks must not take orders that are another's.
            earlier: the orders that have arrived already.
        """
        self._endpoint, self._answers = endpoint, answers
        self._orders.extend(earlier)

    def take(self, *, wait: bool) -> list[msg.Message]:
        """Return the orders that have arrived; with `wait`, one at least."""
        while wait and not self._orders:
            self._receive(self._endpoint)
        while self._endpoint.readable(0):
            self._receive(self._endpoint)
        orders, self._orders = self._orders, []
        return orders

    def ask(self, question: msg.Message, answer: type[Answer]) -> Answer:
        """Send a question and wait for its answer; other orders stay for later."""
        self._mouth.say(question)
        return self._await(answer)

    def report_death(self, fell: msg.Fell) -> None:
        """Tell of a death below, and wait until its traces have been read.

        Not by the line, in which the dead may have left half a message.
        """
        try:
            self._endpoint.send(fell)
        except OSError:
            leaving.exit_process(LOST_CHANNEL)
        self._await(msg.Buried)

    def _await(self, answer: type[Answer]) -> Answer:
        while True:
            for place, order in enumerate(self._orders):
                if isinstance(order, answer):
                    # Not `remove`: messages without fields are all equal, as empty tuples are.
                    del self._orders[place]
                    return order
            self._receive(self._answers)

    def _receive(self, endpoint: Endpoint) -> None:
        try:
            self._orders.extend(endpoint.receive())
        except ProtocolError:
            leaving.exit_process(LOST_CHANNEL)
        if endpoint.closed:
            leaving.exit_process(LOST_CHANNEL)  # nobody would hear what follows

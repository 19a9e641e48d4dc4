"""What a worker has been told: the tests that it was given, and whether more will follow."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from pytest_bulkhead.core.actions import OPEN
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.spans import from_spans
from pytest_bulkhead.worker.inbox import Inbox


class Orders:
    """The latest word of the controller."""

    def __init__(self, inbox: Inbox, condemn: Callable[[str, str], None]) -> None:
        self._inbox = inbox
        self._condemn = condemn
        #: Whose tests share a process, oldest first; a worker that is not staged has one by one.
        self.cells: deque[tuple[int, ...]] = deque()
        #: The item that follows the last of those, or `actions.END` or `OPEN`.
        self.then = OPEN
        #: Nothing follows.
        self.finished = False
        #: No further test is to start.
        self.stopped = False
        self.staged = False

    def listen(self, *, wait: bool) -> None:
        """Take what the controller sent; with `wait`, until there is something to do."""
        while True:
            for order in self._inbox.take(wait=wait and self._idle):
                self.obey(order)
            if not (wait and self._idle):
                return

    @property
    def _idle(self) -> bool:
        return not (self.cells or self.finished or self.stopped)

    def obey(self, order: msg.Message) -> None:
        """Take an order in."""
        if isinstance(order, msg.Assign):
            self.cells.extend(self._cut(order.spans))
            self.then = order.then
            self.finished = self.finished or (order.then < 0 and order.then != OPEN)
        elif isinstance(order, msg.Finish):
            self.finished = True
        elif isinstance(order, msg.Stop):
            self.stopped = True
        elif isinstance(order, msg.Condemned):
            self._condemn(order.subject, order.why)

    def _cut(self, spans: tuple[int, ...]) -> list[tuple[int, ...]]:
        if not self.staged:
            return [(item,) for item in from_spans(spans)]
        return [from_spans(spans[at : at + 2]) for at in range(0, len(spans), 2)]

    def stop_asked(self) -> bool:
        """Whether the controller wants no further test, by its latest word."""
        self.listen(wait=False)
        return self.stopped

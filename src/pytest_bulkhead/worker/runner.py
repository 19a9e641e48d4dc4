"""Runs one test after another in this process, by pytest's own protocol, and says so."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.worker.children import Nursery
from pytest_bulkhead.worker.flight import FlightPlugin
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.reporter import ReporterPlugin


class Boundary(pytest.Item):
    """Stands in for a next test that is not known: shares only the session with any other."""

    def runtest(self) -> None:
        """Never run."""

    def reportinfo(self) -> tuple[str, None, str]:
        """Return no place."""
        return "", None, "session"


class Runner:
    """The test in hand, in this process."""

    def __init__(
        self, config: pytest.Config, inbox: Inbox, flight: FlightPlugin, reporter: ReporterPlugin
    ) -> None:
        self._mouth = reporter.mouth
        self._inbox = inbox
        self.flight = flight
        self._reporter = reporter
        self.nursery = Nursery()
        options = config.option
        self._stops_at_failures = bool(options.maxfail or getattr(options, "stepwise", False))
        #: The latest test whose end was not told yet, -1 for none.
        self.last = -1
        #: The wish of `pytest.exit`, when a test called it.
        self.exit: Any = None
        #: A test was begun and did not come to its end.
        self.broken = False

    def run(self, index: int, item: pytest.Item, following: pytest.Item | None) -> None:
        """Run a test; what tells of the next one tells of its end."""
        self._mouth.say(msg.Progress(self.last, index))
        self.last = index
        self.flight.item = self._reporter.item = index
        self._reporter.failed = False
        self.broken = True
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except pytest.exit.Exception as wish:
            self.exit = wish
            raise
        self.broken = False
        self.flight.enter(Phase.BETWEEN)
        self.nursery.look(index)
        if self._reporter.failed and self._stops_at_failures:
            # Only the controller counts the failures of all processes.
            self._inbox.ask(msg.Paused(), msg.GoOn)

    def tell_finished(self) -> None:
        """Tell the end of the latest test, when nothing else will."""
        if self.last >= 0:
            self._mouth.say(msg.Progress(self.last, -1))
            self.last = -1

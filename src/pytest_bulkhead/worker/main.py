"""A worker at work: takes shares from the controller, runs them with pytest, and leaves.

Theory of operation: a forked worker begins inside the template's `pytest_runtestloop`, a spawned
one inside its own, with the items collected. Tests run by pytest's own protocol. Which test comes
next is always known before one begins, because pytest tears down by it: from the queue, or from
the share's `then`. Where that is open (several workers serve one session-wide group), the session
stands in for the next test, so everything narrower is torn down.

The worker leaves in its last `pytest_sessionfinish` by `os._exit`: `pytest_unconfigure` and
finalisers belong to the process that it was forked from.
"""

from __future__ import annotations

import traceback
from collections import deque
from collections.abc import Generator
from typing import Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.core.actions import OPEN
from pytest_bulkhead.core.ends import BROKEN_FINISH
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.spans import from_spans
from pytest_bulkhead.protocol.values import to_plain
from pytest_bulkhead.system import leaving
from pytest_bulkhead.worker.children import Nursery
from pytest_bulkhead.worker.flight import FlightPlugin
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.reporter import ReporterPlugin


class _Session(pytest.Item):
    """Stands in for a next test that is not known: shares only the session with any other."""

    def runtest(self) -> None:
        """Never run."""

    def reportinfo(self) -> tuple[str, None, str]:
        """Return no place."""
        return "", None, "session"


class WorkerPlugin:
    """Runs what the controller assigns."""

    def __init__(
        self, config: pytest.Config, inbox: Inbox,
        flight: FlightPlugin, reporter: ReporterPlugin,
    ) -> None:  # fmt: skip
        self._config = config
        self._mouth = reporter.mouth
        self._inbox = inbox
        self._flight = flight
        self._reporter = reporter
        self._nursery = Nursery()
        options = config.option
        self._stops_at_failures = bool(options.maxfail or getattr(options, "stepwise", False))
        self._queue: deque[int] = deque()
        self._then = OPEN
        self._finished = False
        self._stopped = False
        self._last = -1
        self._exit: Any = None

    # -- orders --------------------------------------------------------------------------------

    def _listen(self, *, wait: bool) -> None:
        """Take what the controller sent; with `wait`, until there is something to do."""
        while True:
            for order in self._inbox.take(wait=wait and self._idle):
                self._obey(order)
            if not (wait and self._idle):
                return

    @property
    def _idle(self) -> bool:
        return not (self._queue or self._finished or self._stopped)

    def _obey(self, order: msg.Message) -> None:
        if isinstance(order, msg.Assign):
            self._queue.extend(from_spans(order.spans))
            self._then = order.then
            self._finished = self._finished or (order.then < 0 and order.then != OPEN)
        elif isinstance(order, msg.Finish):
            self._finished = True
        elif isinstance(order, msg.Stop):
            self._stopped = True
        elif isinstance(order, msg.Condemned):
            self._flight.condemn(order.subject, order.why)

    def stop_asked(self) -> bool:
        """Whether the controller wants no further test, by its latest word."""
        self._listen(wait=False)
        return self._stopped

    # -- tests ---------------------------------------------------------------------------------

    def run(self, session: pytest.Session, items: Any) -> bool:  # noqa: ANN401 - list or mapping
        """Run what is assigned until nothing follows.

        Args:
            session: this worker's session.
            items: {number: item}, or a list of all items.
        """
        self._run_assigned(session, items)
        return True

    def _run_assigned(self, session: pytest.Session, items: Any) -> None:  # noqa: ANN401
        boundary = _Session.from_parent(session, name="session")
        while True:
            self._listen(wait=True)
            if self._stopped or not self._queue:
                break
            index = self._queue.popleft()
            self._run_one(index, items[index], self._next(items, boundary))
            if self._reporter.failed and self._stops_at_failures:
                # Only the controller counts the failures of all processes.
                self._inbox.ask(msg.Paused(), msg.GoOn)
            if session.shouldfail or session.shouldstop:
                break
            if not self._queue:
                self._tell_finished()
        self._tell_finished()

    def _next(self, items: Any, boundary: pytest.Item) -> pytest.Item | None:  # noqa: ANN401
        if self._queue:
            return items[self._queue[0]]  # type: ignore[no-any-return]
        if self._then >= 0:
            return items[self._then]  # type: ignore[no-any-return]
        return None if self._finished else boundary

    def _run_one(self, index: int, item: pytest.Item, following: pytest.Item | None) -> None:
        self._mouth.say(msg.Progress(self._last, index))
        self._last = index
        self._flight.item = self._reporter.item = index
        self._reporter.failed = False
        try:
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
        except pytest.exit.Exception as wish:
            self._exit = wish
            raise
        self._flight.enter(Phase.BETWEEN)
        self._nursery.look(index)

    def _tell_finished(self) -> None:
        if self._last >= 0:
            self._mouth.say(msg.Progress(self._last, -1))
            self._last = -1

    # -- the end -------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, None]:
        if not self._mouth.connected:
            yield  # the template's own, when something raised in it
            return
        self._flight.enter(Phase.FINISHING)
        try:
            self._teardown_rest(session)
            yield
            self._say_goodbye(session)
        except BaseException:  # noqa: BLE001 - whatever a hook raised, the controller must hear of it
            traceback.print_exc()
            leaving.exit_process(BROKEN_FINISH)
        self._flight.enter(Phase.LEAVING)
        leaving.run_exit_functions()
        for leak in self._nursery.survivors():
            self._mouth.say(leak)
        self._mouth.say(msg.Left())
        leaving.exit_process(0)

    def _teardown_rest(self, session: pytest.Session) -> None:
        """Tear down session-wide fixtures that no test was there to tear down.

        pytest would do it in the next line, but an error there has no report.
        """
        try:
            compat.teardown_session(session)
        except Exception:  # noqa: BLE001 - fixtures of a user may raise anything
            self._mouth.say(msg.Refused("teardown", _describe_raised(), self._flight.item))

    def _say_goodbye(self, session: pytest.Session) -> None:
        wish, code = session.shouldfail or session.shouldstop, -1
        if self._exit is not None:
            code = self._exit.returncode
            wish, code = self._exit.msg, 2 if code is None else code
        output = to_plain(getattr(self._config, "workeroutput", {}))
        self._mouth.say(msg.Goodbye(output, str(wish or ""), bool(session.shouldfail), code))


def _describe_raised() -> str:
    """Return what was raised, in one line, and where in the user's code."""
    excinfo = pytest.ExceptionInfo.from_current()
    users = excinfo.traceback.filter(lambda entry: not _is_machinery(str(entry.path)))
    if users:
        excinfo.traceback = users
    return f"{excinfo.exconly()}\n{excinfo.getrepr(style='short')}"


def _is_machinery(path: str) -> bool:
    return any(f"/{part}/" in path for part in ("_pytest", "pluggy", "pytest_bulkhead"))

"""A worker at work: takes shares from the controller, runs them with pytest, and leaves.

Theory of operation: a forked worker begins inside the template's `pytest_runtestloop`, a spawned
one inside its own, with the items collected. Tests run by pytest's own protocol. Which test comes
next is always known before one begins, because pytest tears down by it: from the queue, or from
the share's `then`. Where that is open (several workers serve one session-wide group), the session
stands in for the next test, so everything narrower is torn down. A staged worker runs no test
itself but forks (`stage`); the processes below it leave as it does.

The worker leaves in its last `pytest_sessionfinish` by `os._exit`: `pytest_unconfigure` and
finalisers belong to the process that it was forked from.
"""

from __future__ import annotations

import traceback
from collections.abc import Generator
from typing import Any

import pytest

from pytest_bulkhead.compat import fixtures
from pytest_bulkhead.core.ends import BROKEN_FINISH
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.values import to_plain
from pytest_bulkhead.system import leaving
from pytest_bulkhead.worker.orders import Orders
from pytest_bulkhead.worker.reporter import Mouth
from pytest_bulkhead.worker.runner import Boundary, Runner
from pytest_bulkhead.worker.stage import Stage


class WorkerPlugin:
    """Runs what the controller assigns."""

    def __init__(
        self, config: pytest.Config, mouth: Mouth, orders: Orders, runner: Runner, stage: Stage
    ) -> None:
        self._config = config
        self._mouth = mouth
        self._orders = orders
        self._runner = runner
        self._stage = stage

    # -- tests ---------------------------------------------------------------------------------

    def run(self, session: pytest.Session, items: Any) -> bool:  # noqa: ANN401 - list or mapping
        """Run what is assigned until nothing follows.

        Args:
            session: this worker's session.
            items: {number: item}, or a list of all items.
        """
        if self._orders.staged:
            self._stage.serve(session, items)
        else:
            self._run_assigned(session, items)
        return True

    def _run_assigned(self, session: pytest.Session, items: Any) -> None:  # noqa: ANN401
        boundary = Boundary.from_parent(session, name="session")
        orders = self._orders
        while True:
            orders.listen(wait=True)
            if orders.stopped or not orders.cells:
                break
            (index,) = orders.cells.popleft()
            self._runner.run(index, items[index], self._next(items, boundary))
            if session.shouldfail or session.shouldstop:
                break
            if not orders.cells:
                self._runner.tell_finished()
        self._runner.tell_finished()

    def _next(self, items: Any, boundary: pytest.Item) -> pytest.Item | None:  # noqa: ANN401
        orders = self._orders
        if orders.cells:
            return items[orders.cells[0][0]]  # type: ignore[no-any-return]
        if orders.then >= 0:
            return items[orders.then]  # type: ignore[no-any-return]
        return None if orders.finished else boundary

    # -- the end -------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, None]:
        if not self._mouth.connected:
            yield  # the template's own, when something raised in it
            return
        self._runner.flight.enter(Phase.FINISHING)
        try:
            self._teardown_rest(session)
            yield
            self._say_goodbye(session)
        except BaseException:  # noqa: BLE001 - whatever a hook raised, the controller must hear of it
            traceback.print_exc()
            leaving.exit_process(BROKEN_FINISH)
        self._runner.flight.enter(Phase.LEAVING)
        leaving.run_exit_functions()
        for leak in self._runner.nursery.survivors():
            self._mouth.say(leak)
        if not self._stage.note_left():
            self._mouth.say(msg.Left())
        if self._config.getini("isolate_exit") == "clean":
            raise leaving.CleanEnd(0)
        leaving.exit_process(0)

    def _teardown_rest(self, session: pytest.Session) -> None:
        """Tear down session-wide fixtures that no test was there to tear down.

        pytest would do it in the next line, but an error there has no report.
        """
        try:
            fixtures.teardown_session(session)
        except Exception:  # noqa: BLE001 - fixtures of a user may raise anything
            self._mouth.say(msg.Refused("teardown", _describe_raised(), self._runner.flight.item))

    def _say_goodbye(self, session: pytest.Session) -> None:
        wish, code = session.shouldfail or session.shouldstop, -1
        if self._runner.exit is not None:
            code = self._runner.exit.returncode
            wish, code = self._runner.exit.msg, 2 if code is None else code
        output = to_plain(getattr(self._config, "workeroutput", {}))
        said = (output, str(wish or ""), bool(session.shouldfail), code)
        if not self._stage.part(*said):
            self._mouth.say(msg.Goodbye(*said))


def _describe_raised() -> str:
    """Return what was raised, in one line, and where in the user's code."""
    excinfo = pytest.ExceptionInfo.from_current()
    users = excinfo.traceback.filter(lambda entry: not _is_machinery(str(entry.path)))
    if users:
        excinfo.traceback = users
    return f"{excinfo.exconly()}\n{excinfo.getrepr(style='short')}"


def _is_machinery(path: str) -> bool:
    return any(f"/{part}/" in path for part in ("_pytest", "pluggy", "pytest_bulkhead"))

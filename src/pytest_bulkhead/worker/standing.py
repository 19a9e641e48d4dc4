"""The wide fixtures that stand in a stage: set up for the tests that need them, torn down once.

Set up and torn down by pytest's own hooks, with a copy of a test that needs nothing else
(`compat.fixtures.stage_item`). An error in a set-up stays with the fixture, as pytest keeps it,
and each test that needs it meets it again; an error in the teardown is reported for the last test.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Collection, Generator, Iterable, Iterator
from typing import Any, Literal

import pytest

from pytest_bulkhead.compat import fixtures
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.worker.needs import Need, Param
from pytest_bulkhead.worker.reporter import ReporterPlugin
from pytest_bulkhead.worker.runner import Runner


class Standing:
    """What stands in this process, of one node."""

    def __init__(self, reporter: ReporterPlugin, runner: Runner) -> None:
        self._reporter = reporter
        self._runner = runner
        self._flight = runner.flight
        self._mouth = reporter.mouth
        self._met: list[Need] = []
        self._fixtures: list[Any] = []
        #: {parameter: its value} of the fixtures that stand, and of those that are wanted now.
        self._values: dict[Param, int] = {}
        self._wanted: dict[Param, int] = {}
        #: What is not ours to tear down.
        self._kept: list[Any] = []
        #: Not in a worker that runs its tests itself: there is nothing to be kept account of.
        self.watching = False

    def watch(self, config: pytest.Config) -> None:
        """Begin to keep account of what is set up."""
        if not self.watching:
            self.watching = True
            config.pluginmanager.register(self, "bulkhead-standing")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        fixtures.restore_log(item)
        fixtures.raise_failure(item)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[Any]
    ) -> Generator[None, object, object]:
        if call.when == "setup":
            fixtures.join_output(item)
        return (yield)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        param = (fixturedef.argname, id(fixturedef))
        if param in self._wanted:
            self._values[param] = self._wanted[param]
        if fixturedef.scope != "function":
            self._fixtures.append(fixturedef)
        return (yield)

    def pytest_fixture_post_finalizer(self, fixturedef: pytest.FixtureDef[Any]) -> None:
        self._values.pop((fixturedef.argname, id(fixturedef)), None)

    def __len__(self) -> int:
        return len(self._fixtures)

    def names(self) -> frozenset[str]:
        """Return the names of the fixtures that were set up here."""
        return frozenset(fixturedef.argname for fixturedef in self._fixtures)

    def values(self) -> dict[Param, int]:
        """Return {parameter: its value} of what stands here."""
        return dict(self._values)

    def meets(self, needs: Iterable[Need | None]) -> bool:
        """Whether all that is needed stands."""
        return all(need is None or need in self._met for need in needs)

    def set_up(self, index: int, item: pytest.Item, need: Need) -> None:
        """Set up what a test needs.

        A set-up that was skipped, by a mark of the test, is no set-up for others.

        Args:
            index: the test's number.
            item: the test.
            need: what it needs of our node.
        """
        wanted = [(one.name, one.overridden) for one in need.wanted]
        copy = fixtures.stage_item(item, need.node, wanted)
        self._wanted = need.params
        failed = self._act(index, copy, item)
        self._wanted = {}
        self._met = [known for known in self._met if known.agrees(need)]
        if not failed:
            self._met.append(need)

    def end(self, index: int, item: pytest.Item, node: Any, params: Collection[Param]) -> None:  # noqa: ANN401
        """Tear down what depends on some parameters: a test needs other values of them.

        As in plain pytest that happens in the set-up of this test.
        """
        over = [one for one in self._fixtures if (one.argname, id(one)) in params]
        self._act(index, fixtures.stage_item(item, node, ending=over), item)
        self._met = [known for known in self._met if known.params.keys().isdisjoint(params)]

    def _act(self, index: int, copy: Any, item: pytest.Item) -> bool:  # noqa: ANN401
        """Have the copy of a test go through its set-up; return whether that failed."""
        hook = item.ihook
        self._flight.item = index
        self._mouth.say(msg.Preparing(index))
        with self._in_hand(leaving=False), fixtures.warnings_of(copy):
            setup = _call("setup", lambda: hook.pytest_runtest_setup(item=copy))
            fixtures.keep_log(copy)
            if setup.excinfo is not None:
                fixtures.keep_failure(copy, setup.excinfo.value, self._fixtures)
            teardown = _call(
                "teardown", lambda: hook.pytest_runtest_teardown(item=copy, nextitem=item)
            )
            fixtures.forget_output(copy, "teardown")
        prelude = self._reporter.prelude
        prelude[index] = prelude.get(index, 0.0) + setup.duration + teardown.duration
        gc.freeze()
        return setup.excinfo is not None

    def clear(
        self,
        index: int,
        item: pytest.Item,
        node: Any,  # noqa: ANN401 - pytest.Node
    ) -> pytest.TestReport:
        """Tear down all that was set up here, for the last test that it stood for; report it."""
        copy, hook = fixtures.stage_item(item, node), item.ihook
        self._flight.item = self._reporter.item = index
        self._mouth.say(msg.Clearing(index))
        with self._in_hand(leaving=True), fixtures.warnings_of(copy):
            # Sets nothing up; plugins expect it before a teardown.
            _call("setup", lambda: hook.pytest_runtest_setup(item=copy))
            fixtures.forget_output(copy, "setup")
            call = _call("teardown", lambda: hook.pytest_runtest_teardown(item=copy, nextitem=None))
            report = pytest.TestReport.from_item_and_call(copy, call)
            if report.passed:
                self._reporter.send(report)  # to plugins, this test had its teardown
            else:
                hook.pytest_runtest_logreport(report=report)
            self._runner.nursery.look(index)
        return report

    def disown(self, session: pytest.Session) -> None:
        """Leave, in a process that was just forked, the teardown to the one it was forked from."""
        self._kept += fixtures.disown_setup(session, self._fixtures)
        self._fixtures.clear()
        self._met = []
        self._values.clear()

    @contextlib.contextmanager
    def _in_hand(self, *, leaving: bool) -> Iterator[None]:
        """Have no test in hand after it, whatever was raised; a wish to exit is kept."""
        try:
            yield
        except pytest.exit.Exception as wish:
            self._runner.exit = wish
            raise
        finally:
            self._flight.item = -1
            self._flight.enter(Phase.BETWEEN)
            self._mouth.say(msg.Prepared(leaving))


def _call(when: Literal["setup", "teardown"], hook: Callable[[], object]) -> Any:  # noqa: ANN401
    """Call a hook; what ends the run is raised, anything else is the outcome."""
    return pytest.CallInfo.from_call(hook, when, (pytest.exit.Exception, KeyboardInterrupt))

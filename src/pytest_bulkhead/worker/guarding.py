"""The guards at work: what tests, wide fixtures and modules leave behind is found and told.

Theory of operation: the process is looked at inside pytest's own set-up of a test, after all
wrappers of that hook, and again inside its teardown, so what pytest and plugins do around a test
(capture, logging, timeouts) is in both looks. What wide fixtures change and hold meanwhile is
theirs, not the test's (`guards.watch`): each is looked at before and after its set-up, and before
and after its teardown, and must in both together have changed nothing. A module is looked at,
thoroughly, before its first test in this process and after the teardown of its last one.

In a stage, which runs no test, only wide fixtures are looked at; what stands there is in what its
cells find at their beginning. What is pending in a cell is never told: the fixture is torn down in
another process.

Invariants:

- Under `report`, nothing is changed but what is told.
- A guard that raises is a guard that found nothing: it never changes an outcome.
"""

from __future__ import annotations

import functools
import gc
from collections.abc import Generator, Iterable, Iterator
from typing import Any

import pytest

from pytest_bulkhead.core.guards.findings import Done, Finding, Policy
from pytest_bulkhead.guards import registry
from pytest_bulkhead.guards.asked import Asked
from pytest_bulkhead.guards.reimports import explain_reimport
from pytest_bulkhead.guards.resetting import Resetter
from pytest_bulkhead.guards.resource import Resource
from pytest_bulkhead.guards.threads import Threads
from pytest_bulkhead.guards.watch import Watch
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.worker.flight import FlightPlugin, name_fixture
from pytest_bulkhead.worker.left_behind import Blamed, LeftBehind
from pytest_bulkhead.worker.reporter import Mouth

#: Scopes of fixtures that outlive a module.
_WIDER = ("session", "package")

#: Modules, and a fixture of pytest-asyncio, that hold nothing which a test could start: they stand
#: in every session, and nobody's threads would be told of before its end.
_HOLD_NOTHING = ("_pytest.", "xdist.", "syrupy")
_HOLDS_NOTHING = "event_loop_policy"

#: Owners in `Watch`; of wide fixtures it is the identity of the definition.
_TEST, _FILE = "test", "file"


class GuardPlugin:
    """Looks at the process around tests, wide fixtures and modules."""

    def __init__(
        self, config: pytest.Config, asked: Asked, mouth: Mouth, flight: FlightPlugin
    ) -> None:
        self._config = config
        self._asked = asked
        self._mouth = mouth
        self._flight = flight
        self._resetter = Resetter(asked.resets)
        self._cheap = Watch(self._wanted(registry.CHEAP))
        self._thorough = Watch(self._wanted(registry.THOROUGH))
        #: The file of the test in hand, a module as a rule, once it was looked at.
        self._file: pytest.File | None = None
        self._left = LeftBehind(asked, mouth, flight)

    def _wanted(self, kinds: Iterable[type[Resource]]) -> list[Resource]:
        wanted = [kind() for kind in kinds if self._asked.policies[kind.name] is not Policy.OFF]
        if self._config.pluginmanager.hasplugin("warnings"):
            # pytest's own plugin puts filters back, after our last look.
            wanted = [resource for resource in wanted if resource.name != "warnings"]
        for resource in wanted:
            resource.attend()
            if isinstance(resource, Threads):
                resource.ask = self._ask_to_stop
        return wanted

    def _ask_to_stop(self, thread: Any) -> bool:  # noqa: ANN401 - threading.Thread
        return bool(self._config.hook.pytest_bulkhead_stop_thread(thread=thread))

    # -- around a test -------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self._left.item = item
        try:
            return (yield)
        finally:
            self._left.item = None

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        if item is self._left.item:
            file = _file_of(item)
            if file is not self._file:
                self._file = file
                self._thorough.begin(_FILE)
            self._left.failures = []
            self._cheap.begin(_TEST)
        return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(
        self, item: pytest.Item, nextitem: pytest.Item | None
    ) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        deferred = self._asked.defers_collection and gc.isenabled()
        if deferred:
            gc.disable()
        try:
            result = yield
        finally:
            if deferred:
                gc.enable()
            if item is self._left.item and self._cheap.is_at_work(_TEST):
                self._look_after(item, nextitem)
        failures, self._left.failures = self._left.failures, []
        if failures:
            __tracebackhide__ = False  # where all is hidden, pytest says so below the text
            pytest.fail("\n".join(failures), pytrace=False)
        return result

    def _look_after(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Find what a test left, and its module when that is done."""
        self._tell_wrong_resets(item)
        self._left.take(self._cheap, self._cheap.end(_TEST), Blamed(item.nodeid, item))
        if self._file is not None and _file_of(nextitem) is not self._file:
            self._end_file(self._file)
        self._left.settle()

    def _end_file(self, file: pytest.File) -> None:
        self._file = None
        if self._asked.defers_collection:
            gc.collect()
        self._left.take(self._thorough, self._thorough.end(_FILE), Blamed(file.nodeid))

    def _tell_wrong_resets(self, item: pytest.Item) -> None:
        for text in self._resetter.reset():
            wrong = Finding("reset", (text,), item.nodeid, Done.STUCK)
            self._left.tell(wrong, self._flight.item)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
        """Say of a second import that it is one."""
        report = yield
        if call.excinfo is not None and report.failed and self._left.watches_modules:
            text = explain_reimport(call.excinfo.value, self._left.evicted)
            if text:
                report.sections.append(("Imported twice", text))
        return report

    # -- around a wide fixture -----------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: Any,  # noqa: ANN401 - SubRequest, private
    ) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        if request.scope == "function":
            return (yield)
        owner, watches = id(fixturedef), list(self._watches(request.scope))
        for watch in watches:
            watch.begin(owner)
        try:
            return (yield)
        finally:
            for watch in watches:
                watch.end_setup(owner, may_hold=_may_hold(fixturedef))
            # Finalizers run last in, first out: this one before the fixture's own teardown.
            fixturedef.addfinalizer(functools.partial(self._begin_teardown, owner, watches))

    def _watches(self, scope: str) -> Iterator[Watch]:
        yield self._cheap
        if scope in _WIDER:
            yield self._thorough

    def _begin_teardown(self, owner: int, watches: list[Watch]) -> None:
        for watch in watches:
            watch.begin(owner)

    def pytest_fixture_post_finalizer(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: Any,  # noqa: ANN401 - as above
    ) -> None:
        owner = id(fixturedef)
        for watch in (self._cheap, self._thorough):
            if watch.is_at_work(owner):
                blamed = Blamed(name_fixture(fixturedef, request), fixturedef)
                self._left.take(watch, watch.end_teardown(owner), blamed)

    def pytest_sessionfinish(self) -> None:
        self._left.settle()
        if self._left.failures:
            # Of fixtures that were torn down when no test was left to be their error.
            text = "\n".join(self._left.failures)
            self._mouth.say(msg.Refused("teardown", text, self._flight.item))


def _may_hold(fixturedef: pytest.FixtureDef[Any]) -> bool:
    module = fixturedef.func.__module__ or ""
    return fixturedef.argname != _HOLDS_NOTHING and not module.startswith(_HOLD_NOTHING)


def _file_of(item: pytest.Item | None) -> pytest.File | None:
    return None if item is None else item.getparent(pytest.File)  # type: ignore[type-abstract]

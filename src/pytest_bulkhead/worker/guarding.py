"""The guards at work: what tests, wide fixtures and modules leave behind is found and told.

Theory of operation: the process is looked at inside pytest's own set-up of a test, after all
wrappers of that hook, and again inside its teardown, so what pytest and plugins do around a test
(capture, logging, timeouts) is in both looks. What wide fixtures change and hold meanwhile is
theirs, not the test's (`guards.watch`): each is looked at before and after its set-up, and before
and after its teardown, and must in both together have changed nothing. A module is looked at,
thoroughly, before its first test in this process and after the teardown of its last one.

Some of what a test seems to leave, a wide fixture that stands may hold: an executor of the session
starts its threads when a test first submits something. So threads, descriptors and the like are
**pending** while a wide fixture stands, and told when all are torn down, if they are left then. The
policy `fail` does not wait.

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
from typing import Any, NamedTuple

import pytest

from pytest_bulkhead.core.findings import LEAVES, Done, Finding, Policy, read_leaves, what_is_done
from pytest_bulkhead.core.marks import Mark
from pytest_bulkhead.guards import registry
from pytest_bulkhead.guards.asked import Asked
from pytest_bulkhead.guards.resetting import Resetter
from pytest_bulkhead.guards.resource import Resource
from pytest_bulkhead.guards.threads import Threads
from pytest_bulkhead.guards.watch import Left, Watch
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.worker.flight import FlightPlugin, name_fixture
from pytest_bulkhead.worker.reporter import Mouth

#: Scopes of fixtures that outlive a module.
_WIDER = ("session", "package")

#: Modules whose fixtures hold nothing that a test could start. These plugins have one stand in
#: every session, and nobody's threads would be told of before its end.
_HOLD_NOTHING = ("_pytest.", "xdist.", "pytest_asyncio.", "syrupy")

#: Owners in `Watch`; of wide fixtures it is the identity of the definition.
_TEST, _FILE = "test", "file"


class _Pending(NamedTuple):
    """What a test seems to have left, while a wide fixture stands that may hold it."""

    watch: Watch
    left: Left
    blamed: str
    item: int
    accepted: bool


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
        #: The test in hand; the copies of tests that a stage has are not.
        self._item: Any = None
        #: The file of the test in hand, a module as a rule, once it was looked at.
        self._file: pytest.File | None = None
        self._pending: list[_Pending] = []
        #: What is to be an error at the teardown of the test in hand.
        self._failures: list[str] = []

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
        self._item = item
        try:
            return (yield)
        finally:
            self._item = None

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        if item is self._item:
            file = _file_of(item)
            if file is not self._file:
                self._file = file
                self._thorough.begin(_FILE)
            self._failures = []
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
            if item is self._item and self._cheap.is_at_work(_TEST):
                self._look_after(item, nextitem)
        failures, self._failures = self._failures, []
        if failures:
            pytest.fail("\n".join(failures), pytrace=False)
        return result

    def _look_after(self, item: pytest.Item, nextitem: pytest.Item | None) -> None:
        """Find what a test left, and its module when that is done."""
        self._tell_wrong_resets()
        self._take(self._cheap, self._cheap.end(_TEST), item.nodeid)
        if self._file is not None and _file_of(nextitem) is not self._file:
            self._end_file(self._file)
        self._settle()

    def _end_file(self, file: pytest.File) -> None:
        self._file = None
        if self._asked.defers_collection:
            gc.collect()
        self._take(self._thorough, self._thorough.end(_FILE), file.nodeid)

    def _tell_wrong_resets(self) -> None:
        for text in self._resetter.reset():
            self._tell(Finding("reset", (text,), self._item.nodeid, Done.STUCK), self._flight.item)

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
            holds = not (fixturedef.func.__module__ or "").startswith(_HOLD_NOTHING)
            for watch in watches:
                watch.end_setup(owner, may_hold=holds)
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
                self._take(watch, watch.end_teardown(owner), name_fixture(fixturedef, request))

    # -- what was found ------------------------------------------------------------------------

    def _take(self, watch: Watch, found: Iterable[Left], blamed: str) -> None:
        """Do with what was found what its guard's policy wants, now or when it is clear."""
        for left in found:
            accepted = left.resource.name in self._accepted()
            policy = self._asked.policies[left.resource.name]
            pending = _Pending(watch, left, blamed, self._flight.item, accepted)
            waits = left.resource.may_be_held and policy is not Policy.FAIL and not accepted
            if waits and watch.standing:
                self._pending.append(pending)
            else:
                self._conclude(pending)

    def _settle(self) -> None:
        """Tell what is still left, once no wide fixture can hold it."""
        pending, self._pending = self._pending, []
        for one in pending:
            if one.watch.standing:
                self._pending.append(one)
                continue
            texts = one.watch.still(one.left)
            if texts:
                self._conclude(one._replace(left=one.left._replace(texts=texts)))

    def _conclude(self, one: _Pending) -> None:
        guard, texts = one.left.resource.name, one.left.texts
        done = what_is_done(self._asked.policies[guard], accepted=one.accepted)
        stuck = one.watch.restore(one.left) if done is Done.RESTORED else ()
        if done is Done.FAILED:
            self._failures += [f"{one.blamed} left behind: {guard}: {text}" for text in texts]
        gone = tuple(text for text in texts if text not in stuck)
        for those, end in ((gone, done), (stuck, Done.STUCK)):
            if those:
                self._tell(Finding(guard, those, one.blamed, end), one.item)

    def _tell(self, finding: Finding, item: int) -> None:
        """Tell the controller, and whoever writes down the properties of the test in hand."""
        self._mouth.say(
            msg.Found(finding.guard, finding.texts, finding.blamed, finding.done.value, item)
        )
        if self._item is not None and finding.done is not Done.ACCEPTED:
            whose = "" if finding.blamed == self._item.nodeid else f"{finding.blamed}: "
            for text in finding.texts:
                self._item.user_properties.append(
                    ("left_behind", f"{whose}{finding.guard}: {text}")
                )

    def _accepted(self) -> frozenset[str]:
        """Return the guards whose findings the test in hand accepts."""
        if self._item is None:
            return frozenset()
        marks = [
            Mark(mark.name, mark.args, mark.kwargs, self._item.nodeid)
            for mark in self._item.iter_markers(LEAVES)
        ]
        return frozenset(read_leaves(self._item.nodeid, marks, registry.NAMES))

    def pytest_sessionfinish(self) -> None:
        self._settle()
        if self._failures:
            # Of fixtures that were torn down when no test was left to be their error.
            text = "\n".join(self._failures)
            self._mouth.say(msg.Refused("teardown", text, self._flight.item))


def _file_of(item: pytest.Item | None) -> pytest.File | None:
    return None if item is None else item.getparent(pytest.File)  # type: ignore[type-abstract]

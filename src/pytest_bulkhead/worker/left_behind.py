"""What is done about what guards have found: told, put back, made an error, or kept for later.

Some of what a test seems to leave, a wide fixture that stands may hold: an executor of the session
starts its threads when a test first submits something. So threads, descriptors and the like are
**pending** while a wide fixture stands, and told when all are torn down, if they are left then. The
policy `fail` does not wait.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import pytest

from pytest_bulkhead.compat import fixtures
from pytest_bulkhead.core.guards.findings import (
    LEAVES,
    Done,
    Finding,
    Policy,
    read_leaves,
    what_is_done,
)
from pytest_bulkhead.core.marks import Mark
from pytest_bulkhead.guards import registry
from pytest_bulkhead.guards.asked import Asked
from pytest_bulkhead.guards.modules import Modules
from pytest_bulkhead.guards.watch import Left, Watch
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.worker.flight import FlightPlugin
from pytest_bulkhead.worker.reporter import Mouth


class Blamed(NamedTuple):
    """Who has left something."""

    #: A node id, or a fixture as the black box names it.
    name: str
    #: The item, or the definition of the fixture; None for a module.
    owner: Any = None


class _Pending(NamedTuple):
    """What somebody seems to have left."""

    watch: Watch
    left: Left
    blamed: Blamed
    #: During which test it was found.
    item: int
    accepted: bool


class LeftBehind:
    """Does what the policies of guards want."""

    def __init__(self, asked: Asked, mouth: Mouth, flight: FlightPlugin) -> None:
        self._asked = asked
        self._mouth = mouth
        self._flight = flight
        self._pending: list[_Pending] = []
        #: The test in hand, None between tests and in a stage.
        self.item: pytest.Item | None = None
        #: What is to be an error at its teardown.
        self.failures: list[str] = []
        #: {package: who took it, or parts of it, out of `sys.modules`}
        self.evicted: dict[str, str] = {}

    @property
    def watches_modules(self) -> bool:
        """Whether anybody looks at `sys.modules`."""
        return self._asked.policies.get(Modules.name, Policy.OFF) is not Policy.OFF

    def take(self, watch: Watch, found: Iterable[Left], blamed: Blamed) -> None:
        """Do with what was found what its guard's policy wants, now or when it is clear."""
        for left in found:
            accepted = left.resource.name in self._accepted()
            policy = self._asked.policies[left.resource.name]
            one = _Pending(watch, left, blamed, self._flight.item, accepted)
            waits = left.resource.may_be_held and policy is not Policy.FAIL and not accepted
            if waits and watch.standing:
                self._pending.append(one)
            else:
                self._conclude(one)

    def settle(self) -> None:
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
        place = one.left.resource.place_in(fixtures.functions_of(one.blamed.owner))
        where = f" (at {place})" if place else ""
        if isinstance(one.left.resource, Modules):
            packages = one.left.resource.changed_packages(one.left.before)
            self.evicted.update(dict.fromkeys(packages, f"{one.blamed.name}{where}"))
        if done is Done.FAILED:
            left = f"{one.blamed.name} left behind: {guard}"
            self.failures += [f"{left}: {text}{where}" for text in texts]
        gone = tuple(text for text in texts if text not in stuck)
        for those, end in ((gone, done), (stuck, Done.STUCK)):
            if those:
                told = tuple(f"{text}{where}" for text in those)
                self.tell(Finding(guard, told, one.blamed.name, end), one.item)

    def tell(self, finding: Finding, item: int) -> None:
        """Tell the controller, and whoever writes down the properties of the test in hand."""
        self._mouth.say(
            msg.Found(finding.guard, finding.texts, finding.blamed, finding.done.value, item)
        )
        if self.item is not None and finding.done is not Done.ACCEPTED:
            whose = "" if finding.blamed == self.item.nodeid else f"{finding.blamed}: "
            for text in finding.texts:
                self.item.user_properties.append(("left_behind", f"{whose}{finding.guard}: {text}"))

    def _accepted(self) -> frozenset[str]:
        """Return the guards whose findings the test in hand accepts."""
        if self.item is None:
            return frozenset()
        marks = [
            Mark(mark.name, mark.args, mark.kwargs, self.item.nodeid)
            for mark in self.item.iter_markers(LEAVES)
        ]
        return frozenset(read_leaves(self.item.nodeid, marks, registry.NAMES))

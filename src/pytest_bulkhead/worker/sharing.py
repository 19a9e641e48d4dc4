"""The session's fixtures, set up once for all workers of a run that has several of them.

Theory of operation: the template is forked once more, into the **stage of the session**. That sets
up the session-wide fixtures of all tests, one after another, and is from then on forked in the
template's stead: workers share what stands in it, copy on write. After each fixture it looks
whether it may still be forked, and whether the fixture has asked which worker it is for: a database
that is named after its worker is not to be shared. A fixture that cannot be is left to the workers,
each of which sets it up by itself. Where each worker is a session of its own (`--isolate=session
-n 4`), only models of `shared_model` are set up here.

Knows neither the controller nor how processes are made: `template.sharing` does.
"""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Collection, Iterator
from types import FrameType
from typing import NamedTuple

import pytest

from pytest_bulkhead import compat, identity
from pytest_bulkhead.compat import fixtures
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system.environ import reads_of
from pytest_bulkhead.system.forkability import why_not_forked
from pytest_bulkhead.worker.needs import Need, Needs
from pytest_bulkhead.worker.reporter import serialise
from pytest_bulkhead.worker.standing import Standing


class Unshared(NamedTuple):
    """A session-wide fixture that each worker sets up by itself."""

    name: str
    why: str


class SessionStage:
    """What the stage of the session does."""

    def __init__(
        self, session: pytest.Session, standing: Standing, unstaged: Collection[str], faults: int
    ) -> None:
        self._faults = faults
        self._session = session
        self._standing = standing
        self._unstaged = unstaged
        self._latest = -1
        #: Workers share models, and set all other fixtures up by themselves.
        self.models_only = False
        #: Ctrl-C was pressed.
        self.interrupted = False

    def has_work(self, unshared: Collection[str]) -> bool:
        """Whether there is anything to share, apart from some fixtures."""
        return next(self._wanted(unshared), None) is not None

    def set_up(self, unshared: Collection[str]) -> Unshared | None:
        """Set up all that can be shared; return what cannot, None when all stands.

        Args:
            unshared: names of fixtures that are known to be of no use to others.
        """
        self._standing.watch(self._session.config)
        with self._interruptible():
            return self._set_up(unshared)

    def _set_up(self, unshared: Collection[str]) -> Unshared | None:
        for index, item, need in self._wanted(unshared):
            asked = self._asked()
            self._latest = index
            self._standing.set_up(index, item, need)
            why = "it asked which worker it is for" if self._asked() > asked else self._why_not()
            if why:
                return Unshared(need.names[0], why)
        return None

    @contextlib.contextmanager
    def _interruptible(self) -> Iterator[None]:
        """Have Ctrl-C interrupt a set-up or a teardown."""
        before = signal.signal(signal.SIGINT, self._ring)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    def _ring(self, _signum: int, _frame: FrameType | None) -> None:
        self.interrupted = True
        raise KeyboardInterrupt

    def _wanted(self, unshared: Collection[str]) -> Iterator[tuple[int, pytest.Item, Need]]:
        """Yield each fixture once, with the first test that needs it."""
        if self.models_only and "pytest_bulkhead.models.sharing" not in sys.modules:
            return  # to look at the fixtures of 20,000 tests takes a while
        needs = Needs(Level.CLASS, [*self._unstaged, *unshared])
        seen: set[frozenset[int]] = set()
        for index, item in enumerate(self._session.items):
            for need in needs.of(index, item):
                for one in need.wanted if need.node is self._session else ():
                    # One with parameters has several values: workers need them at different times.
                    wanted = one.is_model or not self.models_only
                    if wanted and not one.params and one.definitions not in seen:
                        seen.add(one.definitions)
                        yield index, item, need._replace(wanted=(one,), params={})

    def _asked(self) -> int:
        return identity.times_asked(self._session.config) + reads_of("PYTEST_XDIST_WORKER")

    def _why_not(self) -> str:
        renewed = compat.renewable_connections(self._session.config)
        return why_not_forked(1, renewed, self._faults)

    def clear(self) -> msg.Reported | None:
        """Tear down what stands, when the last worker has ended; return the report of it."""
        if not len(self._standing):
            return None
        item = self._session.items[self._latest]
        try:
            with self._interruptible():
                report = self._standing.clear(self._latest, item, self._session)
        except KeyboardInterrupt:
            fixtures.teardown_session(self._session)  # the rest, as pytest does
            return None
        return msg.Reported(self._latest, serialise(self._session.config, report))

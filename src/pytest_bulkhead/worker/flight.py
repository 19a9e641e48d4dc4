"""The flight recorder: enters test, phase and fixture in the black box before each begins."""

from __future__ import annotations

import functools
from collections.abc import Callable, Generator
from typing import Any

import pytest

from pytest_bulkhead.compat import fixtures
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.system import clock
from pytest_bulkhead.system.page import Page
from pytest_bulkhead.worker.recursion import RecursionLimit


class KeyboardInterruptRaised(Exception):
    """A test or fixture raised KeyboardInterrupt itself; nobody had pressed Ctrl-C."""

    __module__ = "pytest_bulkhead"  # what the short summary shows before the name


class FlightPlugin:
    """Keeps the black box, and what must not happen a second time from happening."""

    def __init__(self) -> None:
        self._page: Page
        self._doomed: dict[str, str] = {}
        #: Whether the user wants the run to end.
        self.interrupted: Callable[[], bool] = lambda: False
        self._limit = RecursionLimit()
        self._phase = Phase.BETWEEN
        self._subject = ""
        #: The item in hand.
        self.item = -1

    def open(self, page: Page, doomed: dict[str, str]) -> None:
        """Begin to write: into this page, and not to set up what has ended a process before."""
        self._page, self._doomed = page, doomed

    def condemn(self, subject: str, why: str) -> None:
        """Do not set up a fixture: it has ended another process."""
        self._doomed[subject] = why

    def enter(self, phase: Phase, subject: str = "") -> None:
        """Note what is about to be done."""
        self._phase, self._subject = phase, subject
        self._page.write(Blame(phase, self.item, subject, clock.monotonic()))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        return (yield from self._guard(Phase.SETUP))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        return (yield from self._guard(Phase.CALL))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, Any]:
        __tracebackhide__ = True
        return (yield from self._guard(Phase.TEARDOWN))

    def _guard(self, phase: Phase) -> Generator[None, Any, Any]:
        __tracebackhide__ = _is_single
        self.enter(phase)
        self._limit.lend()
        try:
            return (yield)
        except KeyboardInterrupt as cause:
            self._convert(cause)
        finally:
            self._limit.take_back()

    def _convert(self, cause: KeyboardInterrupt) -> None:
        """Turn an interrupt that nobody asked for into a failure of this test."""
        __tracebackhide__ = True
        if self.interrupted():
            raise cause
        raise KeyboardInterruptRaised("nobody had pressed Ctrl-C") from cause

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_fixture_setup(
        self,
        fixturedef: pytest.FixtureDef[Any],
        request: Any,  # noqa: ANN401 - SubRequest, private
    ) -> Generator[None, Any, Any]:
        before = self._subject
        subject = name_fixture(fixturedef, request)
        if subject in self._doomed:
            fixtures.fail_fixture(fixturedef, request, self._refusal(fixturedef.argname, subject))
        self.enter(self._phase, subject)
        try:
            return (yield)
        finally:
            self.enter(self._phase, before)
            # Finalisers run last in, first out: ours runs before the fixture's own teardown.
            fixturedef.addfinalizer(functools.partial(self._enter_teardown, subject))

    def _refusal(self, name: str, subject: str) -> str:
        why = self._doomed[subject].strip()
        return f"fixture {name!r} ended the process that set it up ({why}); it was not set up again"

    def _enter_teardown(self, subject: str) -> None:
        self.enter(self._phase, subject)

    def pytest_fixture_post_finalizer(self) -> None:
        self.enter(self._phase)


def _is_single(excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
    """Whether what was raised is no group: of one, pytest 8.4 needs a frame that is not its own."""
    return not hasattr(excinfo.value, "exceptions")


def name_fixture(fixturedef: pytest.FixtureDef[Any], request: Any) -> str:  # noqa: ANN401
    """Return what the black box calls a fixture."""
    param = f"[{request.param_index}]" if hasattr(request, "param") else ""
    node = request.node.nodeid or "session"
    # Two modules may each define a session fixture of that name.
    by = f" by {fixturedef.baseid}" if fixturedef.baseid not in ("", node) else ""
    return f"{fixturedef.scope} {fixturedef.argname}{param} of {node}{by}"

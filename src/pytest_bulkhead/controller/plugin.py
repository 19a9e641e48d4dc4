"""The controller's side of pytest: its hooks, and how a run ends towards pytest."""

from __future__ import annotations

import selectors
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.durations import load_durations, save_durations
from pytest_bulkhead.controller.fleet import Fleet
from pytest_bulkhead.controller.launch import Keep
from pytest_bulkhead.controller.leaks import find_leaks
from pytest_bulkhead.controller.loop import Loop
from pytest_bulkhead.controller.node import Schedule
from pytest_bulkhead.controller.terminal import Terminal
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run import Run
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report import terminal
from pytest_bulkhead.settings import Settings
from pytest_bulkhead.system import linux

if TYPE_CHECKING:
    from pytest_bulkhead.report.journal import Journal


class ControllerPlugin:
    """Takes the place of pytest's own collection and test loop, and of nothing else."""

    def __init__(
        self, config: pytest.Config, settings: Settings, keep: Keep, path: list[str]
    ) -> None:
        self._config = config
        self._settings = settings
        self._keep = keep
        self._path = path
        self._bridge: Bridge | None = None
        self._loop: Loop | None = None

    # -- the session ---------------------------------------------------------------------------

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        selector = selectors.DefaultSelector()
        bridge = self._bridge = self._make_bridge(session, selector)
        self._loop = Loop(bridge, selector, self._path)

    def _make_bridge(self, session: pytest.Session, selector: selectors.BaseSelector) -> Bridge:
        config, settings = self._config, self._settings
        durations = load_durations(config) if settings.workers > 1 else {}
        bridge = Bridge(
            config=config,
            settings=settings,
            keep=self._keep,
            fleet=Fleet(selector),
            run=Run(_policy(settings, durations)),
            run_uid=config.getoption("testrunuid", None) or uuid.uuid4().hex,
            schedule=Schedule(config, self._requeue),
            terminal=Terminal(),
            session=session,
            oom_kills=linux.oom_kills(),
        )
        if settings.report:
            bridge.journal = _open_journal(config, settings)
        return bridge

    def _requeue(self, nodeid: str) -> None:
        bridge = self._hold()
        index = next(item.index for item in bridge.run.items if item.nodeid == nodeid)
        bridge.events.append(ev.Requeued(index))

    def _hold(self) -> Bridge:
        assert self._bridge is not None, "the session has started"
        return self._bridge

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        bridge, loop = self._hold(), self._loop
        assert loop is not None, "the bridge has its loop"
        loop.feed(ev.Begun())
        loop.pump_until(lambda: bridge.collected or bool(bridge.run.stopping))
        session.testscollected = len(bridge.run.items)
        if bridge.collected:
            compat.remember_nodeids(self._config, (item.nodeid for item in bridge.run.items))
            self._show_collection(session)
        return True

    def _show_collection(self, session: pytest.Session) -> None:
        bridge, reporter = self._hold(), self._config.pluginmanager.getplugin("terminalreporter")
        if reporter is None:
            return
        reporter.stats.setdefault("deselected", []).extend([None] * bridge.deselected)
        if not bridge.deselected:
            del reporter.stats["deselected"]
        if self._config.get_verbosity() < 0:
            return
        errors = len(reporter.stats.get("error", ()))
        count = len(bridge.run.items)
        reporter.write_line(terminal.collected_line(count, bridge.deselected, errors), bold=True)
        settings, why = self._settings, bridge.run.why_spawn
        reporter.write_line(terminal.isolation_line(settings.level, settings.workers, why))
        for line in bridge.lines:
            reporter.write_line(line)
        session.testscollected = count

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        bridge, loop = self._hold(), self._loop
        assert loop is not None, "the bridge has its loop"
        errors = session.testsfailed
        broken = errors and not self._config.getoption("continue_on_collection_errors")
        if broken:
            loop.feed(ev.StopAsked("errors during collection"))
        loop.pump_until(lambda: False)
        bridge.leaks += find_leaks(bridge)
        loop.report_late_errors()
        _raise_verdict(bridge, session)
        if broken and bridge.collected:
            plural = "s" if errors != 1 else ""
            raise session.Interrupted(f"{errors} error{plural} during collection")
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)
        return True

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Any:  # noqa: ANN401 - a generator hook
        result = yield
        bridge = self._hold()
        if bridge.collected:
            save_durations(bridge)
        self._close()
        return result

    def pytest_unconfigure(self) -> None:
        self._close()

    def _close(self) -> None:
        if self._loop is None:
            self._keep.release()
            return
        bridge, loop = self._hold(), self._loop
        self._loop = None
        loop.close()
        if bridge.journal is not None:
            counts = bridge.run.ledger.counts()
            bridge.journal.close({state.word: number for state, number in counts.items()})
            bridge.journal = None

    # -- what people see -----------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> Any:  # noqa: ANN401 - a report of any plugin
        return terminal.status_of(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401
        bridge = self._bridge
        if bridge is None:
            return
        crashes = [
            report for end in ("crashed", "timed out")
            for report in terminalreporter.stats.get(end, ())
        ]  # fmt: skip
        terminal.write_crashes(terminalreporter, crashes)
        terminal.write_leaks(terminalreporter, bridge.leaks)
        counts = bridge.run.ledger.counts()
        if counts.get(State.NOT_RUN):
            words = [(state.word, number) for state, number in counts.items()]
            terminal.write_counts(terminalreporter, words, len(bridge.run.items))


def _policy(settings: Settings, durations: Mapping[str, float]) -> Policy:
    return Policy(
        level=settings.level,
        workers=settings.workers,
        spawn=settings.start == "spawn",
        timeout=settings.timeout,
        slack=settings.slack,
        grace=settings.grace,
        durations=durations,
    )


def _open_journal(config: pytest.Config, settings: Settings) -> Journal:
    heading = {
        "args": list(map(str, config.invocation_params.args)),
        "dir": str(config.invocation_params.dir),
        "level": settings.level.word,
        "workers": settings.workers,
        "start": settings.start,
        "timeout": settings.timeout,
        "slack": settings.slack,
        "grace": settings.grace,
    }
    from pytest_bulkhead.report.journal import Journal  # noqa: PLC0415 - only when asked for

    try:
        return Journal(settings.report, heading)
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None


def _raise_verdict(bridge: Bridge, session: pytest.Session) -> None:
    """End the run towards pytest as the process that ended it would have."""
    verdict = bridge.verdict
    if verdict.usage:
        raise pytest.UsageError(verdict.usage)
    if verdict.internal:
        bridge.config.hook.pytest_internalerror(excrepr=verdict.internal, excinfo=None)
        raise pytest.exit.Exception("internal error in a process of the run", 3)
    if verdict.exit_text is not None:
        raise pytest.exit.Exception(verdict.exit_text, verdict.exit_code)
    if verdict.interrupted:
        raise KeyboardInterrupt
    if not bridge.collected and not session.testsfailed:
        raise pytest.exit.Exception("the template ended before it had collected", 3)

"""A run from the first event to its end towards pytest."""

from __future__ import annotations

import functools
import os
import selectors
from collections.abc import Sequence
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.durations import load_durations, save_durations
from pytest_bulkhead.controller.fleet import Craft, Fleet
from pytest_bulkhead.controller.imports import Imports
from pytest_bulkhead.controller.launch import Keep
from pytest_bulkhead.controller.leaks import find_leaks
from pytest_bulkhead.controller.loop import Loop
from pytest_bulkhead.controller.models import note_substitutions
from pytest_bulkhead.controller.node import Schedule
from pytest_bulkhead.controller.orders import Orders
from pytest_bulkhead.controller.perform import Performer
from pytest_bulkhead.controller.terminal import Terminal
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.resources.usage import overuse
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.imports import tell_imports
from pytest_bulkhead.report import terminal
from pytest_bulkhead.report.annotations import write_annotations
from pytest_bulkhead.report.journal import Journal
from pytest_bulkhead.report.kept import kept_path
from pytest_bulkhead.report.why import Course, why_lines
from pytest_bulkhead.settings import Settings
from pytest_bulkhead.system import clock, linux

if TYPE_CHECKING:
    from pytest_bulkhead.controller.artifacts import Artifacts


class Voyage:
    """Collects and runs the tests of one session in other processes."""

    def __init__(
        self, session: pytest.Session, settings: Settings, keep: Keep, run_uid: str
    ) -> None:
        config = session.config
        policy = _policy(config, settings)
        self._selector = selectors.DefaultSelector()
        self._settings = settings
        self.bridge = Bridge(
            config=config,
            settings=settings,
            keep=keep,
            fleet=Fleet(self._selector),
            run=Run(policy),
            run_uid=run_uid,
            schedule=Schedule(config, self._requeue),
            terminal=Terminal(),
            journal=_open_journal(config, settings, policy),
            artifacts=_open_artifacts(config, settings, run_uid) if settings.artifacts else None,
            session=session,
            oom_kills=linux.oom_kills(),
            memory_events=linux.memory_events(),
        )
        if settings.html or settings.trace:
            self._begin_chart(config, settings)
        tell_imports(config, functools.partial(Imports(self.bridge).on_told, None))

    def cast_off(self, orders: Orders, first_template: Craft) -> None:
        """Begin, with a template that was ordered already."""
        performer = Performer(self.bridge, orders, first_template)
        self._loop = Loop(self.bridge, self._selector, performer)

    def _begin_chart(self, config: pytest.Config, settings: Settings) -> None:
        from pytest_bulkhead.controller.charting import Charting  # noqa: PLC0415 - when asked for

        self.bridge.charting = Charting(config, settings, self.bridge.run)

    def _requeue(self, nodeid: str) -> None:
        items = self.bridge.run.items
        index = next(item.index for item in items if item.nodeid == nodeid)
        self.bridge.events.append(ev.Requeued(index))

    # -- collection ----------------------------------------------------------------------------

    def collect(self, session: pytest.Session) -> None:
        """Wait for the template's collection, and show it as pytest shows its own."""
        bridge, since = self.bridge, clock.monotonic()
        self._loop.feed(ev.Begun())
        self._loop.pump_until(lambda: bridge.collected or bool(bridge.run.stopping))
        bridge.collect_seconds = clock.monotonic() - since
        session.testscollected = len(bridge.run.items)
        if bridge.collected:
            compat.remember_nodeids(bridge.config, (item.nodeid for item in bridge.run.items))
            self._show_collection()

    def _show_collection(self) -> None:
        bridge = self.bridge
        reporter = bridge.config.pluginmanager.getplugin("terminalreporter")
        if reporter is None:
            return
        if bridge.deselected:
            gone = [SimpleNamespace(nodeid="") for _ in range(bridge.deselected)]
            reporter.stats.setdefault("deselected", []).extend(gone)
        if bridge.config.get_verbosity() < 0:
            return
        errors, skipped = (len(reporter.stats.get(word, ())) for word in ("error", "skipped"))
        count = len(bridge.run.items)
        line = terminal.collected_line(count, bridge.deselected, errors, skipped)
        reporter.write_line(line, bold=True)
        settings, why = self._settings, bridge.run.why_spawn
        seed = bridge.run.roster.seed
        around = terminal.Surroundings(settings.profile, settings.why_exec)
        reporter.write_line(
            terminal.isolation_line(settings.level, settings.workers, why, seed, around)
        )
        capacity = bridge.run.roster.grants.capacity
        if capacity and capacity.cards:
            from pytest_bulkhead.report.resources import gpus_line  # noqa: PLC0415 - rare

            reporter.write_line(gpus_line(capacity))
        for line in bridge.lines:
            reporter.write_line(line)

    # -- tests ---------------------------------------------------------------------------------

    def run_tests(self, session: pytest.Session) -> None:
        """Run what was collected; raise what pytest's own loop would have raised.

        Raises:
            pytest.Session.Failed: `-x` or `--maxfail`.
            pytest.Session.Interrupted: errors in collection, or a plugin wants to stop.
            pytest.UsageError: the template met one.
            pytest.exit.Exception: a test, or the template, called `pytest.exit`.
            KeyboardInterrupt: the user pressed Ctrl-C.
        """
        bridge, errors = self.bridge, session.testsfailed
        broken = errors and not bridge.config.getoption("continue_on_collection_errors")
        self._loop.pump_until(lambda: False)
        for leak in find_leaks(bridge):
            bridge.note_leak(leak)
        note_substitutions(bridge)
        self._loop.report_late_errors()
        if self._settings.flaky == "fail":
            session.testsfailed += bridge.run.ledger.counts().get(State.FLAKY, 0)
        if bridge.deaths and not bridge.verdict.interrupted:
            from pytest_bulkhead.controller.native import add_native_stacks  # noqa: PLC0415 - rare

            add_native_stacks(bridge)
        _raise_verdict(bridge, session)
        if broken and bridge.collected:
            plural = "s" if errors != 1 else ""
            raise session.Interrupted(f"{errors} error{plural} during collection")
        if session.shouldfail:
            raise session.Failed(session.shouldfail)
        if session.shouldstop:
            raise session.Interrupted(session.shouldstop)

    # -- the end -------------------------------------------------------------------------------

    def save_durations(self) -> None:
        """Keep how long tests took, for the order of the next run."""
        if self.bridge.collected:
            save_durations(self.bridge)

    def close(self) -> None:
        """Let go of everything; no process of the run is left after it."""
        bridge = self.bridge
        self._loop.close()
        if bridge.journal is not None:
            counts = bridge.run.ledger.counts()
            bridge.journal.close({state.word: number for state, number in counts.items()})
            bridge.journal = None
        if bridge.charting is not None:
            list(bridge.charting.draw())  # nobody has shown a summary

    def write_summary(self, reporter: Any) -> None:  # noqa: ANN401 - TerminalReporter
        """Write our sections of the terminal's summary."""
        stats = reporter.stats
        crashes = [*stats.get("crashed", ()), *stats.get("timed out", ())]
        crashes.sort(key=lambda report: report.stop)
        terminal.write_crashes(reporter, crashes)
        self._write_retried(reporter, stats.get("retried", ()))
        terminal.write_leaks(reporter, self.bridge.leaks)
        if self.bridge.findings:
            from pytest_bulkhead.report.left_behind import write_findings  # noqa: PLC0415 - rare

            write_findings(reporter, self.bridge.findings)
        if self.bridge.run.roster.grants.scarce:
            self._write_resources(reporter)
        if self._settings.why:
            self._write_why(reporter)
        if self.bridge.journal is not None and self.bridge.journal.lost:
            reporter.write_line(f"isolate: {self.bridge.journal.lost}", yellow=True)
        if self.bridge.artifacts is not None and self.bridge.artifacts.lost:
            lost = self.bridge.artifacts.lost
            reporter.write_line(f"isolate: artifacts are not whole: {lost}", yellow=True)
        for path, problem in self.bridge.charting.draw() if self.bridge.charting else ():
            text = f"{path} could not be written: {problem}" if problem else f"wrote {path}"
            reporter.write_line(f"isolate: {text}", yellow=bool(problem))
        counts = self.bridge.run.ledger.counts()
        if counts.get(State.NOT_RUN):
            words = [(state.word, number) for state, number in counts.items()]
            terminal.write_counts(reporter, words, len(self.bridge.run.items))
        write_annotations(reporter, [*crashes, *stats.get("error", ())], os.environ)

    def _write_retried(self, reporter: Any, retried: Sequence[Any]) -> None:  # noqa: ANN401
        ledger = self.bridge.run.ledger
        words = {one.item_index: ledger.state(one.item_index).word for one in retried}
        terminal.write_retried(reporter, retried, words)

    def _write_resources(self, reporter: Any) -> None:  # noqa: ANN401 - as above
        from pytest_bulkhead.report.resources import write_held, write_overuse  # noqa: PLC0415

        write_held(reporter, self.bridge.held_memory)
        groups = self.bridge.run.roster.groups
        used = [(groups[number], most) for number, most in sorted(self.bridge.used.items())]
        found = [(one.name, text) for one, most in used for text in overuse(one.needs, most)]
        write_overuse(reporter, found)

    def _write_why(self, reporter: Any) -> None:  # noqa: ANN401 - as above
        bridge = self.bridge
        reporter.write_sep("=", "isolation")
        run = bridge.run
        course = Course(
            run.items, run.roster.groups, bridge.starts,
            bridge.durations, run.why_spawn, run.together,
        )  # fmt: skip
        for line in why_lines(course):
            reporter.write_line(line)


def _debugs(config: pytest.Config) -> bool:
    """Whether a person is asked while tests run: what is tried unheard must not ask."""
    return bool(config.getoption("usepdb") or config.getoption("trace"))


def _policy(config: pytest.Config, settings: Settings) -> Policy:
    return Policy(
        level=settings.level,
        workers=settings.workers,
        spawn=settings.start == "spawn",
        fork=settings.start == "fork",
        timeout=settings.timeout,
        slack=settings.slack,
        grace=settings.grace,
        durations=load_durations(config) if settings.workers > 1 else {},
        stage=settings.stage,
        spares=settings.spares,
        gpu_release=settings.gpu_release,
        seed=settings.seed,
        verify="off" if _debugs(config) else settings.verify,
        retries=settings.retries,
        retry_budget=settings.retry_budget,
        bisect=settings.bisect,
        clean_exit=settings.exit == "clean",
    )


def _open_journal(config: pytest.Config, settings: Settings, policy: Policy) -> Journal | None:
    kept = kept_path(getattr(config, "cache", None))
    if not (settings.report or kept):
        return None
    heading = {
        "args": list(map(str, config.invocation_params.args)),
        "dir": str(config.invocation_params.dir),
        "began": clock.wall(),
        **settings._asdict(),
        "level": settings.level.word,
        "verify": policy.verify,
        "durations": dict(policy.durations),
    }
    try:
        return Journal(settings.report, heading, kept)
    except UsageProblem as problem:
        raise pytest.UsageError(str(problem)) from None


def _open_artifacts(config: pytest.Config, settings: Settings, run_uid: str) -> Artifacts:
    from pytest_bulkhead.controller.artifacts import Artifacts  # noqa: PLC0415 - as above

    return Artifacts(config.invocation_params.dir / settings.artifacts, run_uid)


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

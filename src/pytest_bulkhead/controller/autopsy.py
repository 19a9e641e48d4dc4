"""Gathers the evidence of a death, and tells pytest and its plugins.

To plugins a crash is a failed report of the phase in which it happened, with the real duration.
"""

from __future__ import annotations

import copy
import os
import shlex
from collections.abc import Iterable
from typing import Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.hangs import Hangs, Seen
from pytest_bulkhead.controller.testimony import number_attempt
from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.crash.evidence import Evidence, as_plain
from pytest_bulkhead.core.crash.native_ways import TITLE
from pytest_bulkhead.core.diagnosis.rule import Diagnosis, for_journal
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.run.run import TEMPLATE
from pytest_bulkhead.report.crash import breach_text, crash_properties, headline, report_text
from pytest_bulkhead.report.live import write_live
from pytest_bulkhead.system import clock

#: Plugins that remember node ids of failures: a process is none.
_REMEMBER = ("lfplugin", "stepwiseplugin")

#: Characters of stderr that are looked through for what libraries say when they give up.
_MAX_OUTPUT = 65_536

_WAITS = "isolate: memory of a GPU has not come back yet (isolate_gpu_release = wait)"


class Autopsy:
    """Reports deaths."""

    def __init__(self, bridge: Bridge, hangs: Hangs) -> None:
        self._bridge = bridge
        self._hangs = hangs

    # -- a test's process ----------------------------------------------------------------------

    def report_crash(self, action: do.ReportCrash) -> None:
        """Report the death of a process that a test owned."""
        craft = self._bridge.fleet.get(action.worker)
        sections = self._sections(action.phase, craft)
        evidence = self._with_surroundings(self._gather(action, craft, _stderr_of(sections)))
        if craft is not None and craft.held is not None and craft.held.report.passed:
            # A stage has died that tore down: this is what there is to tell of the teardown.
            craft.sections, craft.held = tuple(craft.held.report.sections), None
            sections = self._sections(action.phase, craft)
        report = self._make_report(action, evidence, craft, sections)
        if self._bridge.artifacts is not None:
            self._bridge.artifacts.keep(evidence, str(report.longrepr), report.sections)
        if action.again:
            self._announce_retry(report, evidence)
        else:
            self._announce(report, evidence)
            self._want_native(craft, evidence, report)
        if craft is not None:
            craft.sections, craft.forked = (), ()

    def tell_withheld(self, action: do.TellWithheld) -> None:
        """Report a death for good that was told as one that does not count yet."""
        report, evidence = self._bridge.withheld[action.item]
        self._announce(report, evidence)
        self._want_native(None, evidence, report)

    def _announce_retry(self, report: Any, evidence: Evidence) -> None:  # noqa: ANN401
        """Tell of a death that does not count yet, by the outcome that pytest-rerunfailures has."""
        bridge, first = self._bridge, copy.copy(report)
        bridge.withheld[report.item_index] = report, evidence
        first.outcome, first.isolate_end = "rerun", "retried"
        bridge.config.hook.pytest_runtest_logreport(report=first)
        compat.junit_forget(bridge.config, first)
        bridge.config.hook.pytest_runtest_logfinish(nodeid=first.nodeid, location=first.location)
        self._note_evidence(first, evidence)

    def _gather(self, action: do.ReportCrash, craft: Craft | None, output: str) -> Evidence:
        items = self._bridge.run.items
        nodeid = items[action.item].nodeid
        seen = self._seen(craft, action.killed_for)
        return Evidence(
            nodeid=nodeid,
            worker=craft.node.gateway.id if craft else "worker",
            phase=action.phase,
            subject=action.subject,
            end=action.end,
            seconds=action.seconds,
            killed_for=action.killed_for or (craft.garbled if craft else ""),
            timed_out=action.timed_out,
            decided=action.decided,
            stacks=seen.stacks,
            command=self._command(nodeid),
            rest=action.rest,
            before=tuple(items[index].nodeid for index in action.before),
            journal=self._bridge.settings.report,
            left=craft.left_there(frozenset(action.before)) if craft else (),
            attempt=action.attempt,
            standstill=seen.standstill,
            native=seen.native,
            output=output,
            forked=craft.forked if craft else (),
        )

    def _with_surroundings(self, evidence: Evidence) -> Evidence:
        from pytest_bulkhead.controller.surroundings import with_surroundings  # noqa: PLC0415 - rare

        if self._bridge.artifacts is not None:
            folder = self._bridge.artifacts.place_for(evidence.nodeid)
            evidence = evidence._replace(artifacts=os.fspath(folder))
        return with_surroundings(self._bridge, evidence)

    def _seen(self, craft: Craft | None, killed_for: str) -> Seen:
        return self._hangs.take(craft, ended=bool(killed_for)) if craft else Seen("")

    def _command(self, nodeid: str) -> str:
        config = self._bridge.config
        level = self._bridge.settings.level.word
        limit = config.getoption("isolate_timeout", None)
        timeout = f" --isolate-timeout={limit}" if limit else ""
        command = f"pytest --isolate={level}{timeout} {shlex.quote(nodeid)}"
        if os.fspath(config.invocation_params.dir) != os.fspath(config.rootpath):
            return f"cd {shlex.quote(os.fspath(config.rootpath))} && {command}"
        return command

    def _make_report(
        self,
        action: do.ReportCrash,
        evidence: Evidence,
        craft: Craft | None,
        sections: list[tuple[str, str]],
    ) -> pytest.TestReport:
        now = clock.wall()
        duration = max(0.0, action.seconds - self._bridge.durations[action.item])
        report: Any = pytest.TestReport(
            nodeid=evidence.nodeid,
            location=self._bridge.locations[action.item],
            keywords={},
            outcome="failed",
            longrepr=report_text(evidence, next(iter(_diagnoses(evidence)), None)),
            when=action.phase.word,  # type: ignore[arg-type]
            sections=[*_of_debuggers(evidence), *sections],
            duration=duration,
            start=now - duration,
            stop=now,
            user_properties=crash_properties(evidence),
        )
        self._sign(report, craft)
        report.item_index = action.item
        report.isolate_end = "timed out" if action.timed_out else "crashed"
        report.isolate_decided = action.decided
        report.isolate_headline = headline(evidence)
        if action.attempt > 1 or action.again:
            number_attempt(report, action.attempt)
        return report  # type: ignore[no-any-return]

    def _sections(self, phase: Phase, craft: Craft | None) -> list[tuple[str, str]]:
        if craft is None:
            return []
        left = [("stdout", craft.hull.read_out()), ("stderr", craft.hull.read_err())]
        rest = [(f"Captured {name} {phase.word}", text) for name, text in left if text]
        return [*craft.sections, *rest]

    def _sign(self, report: Any, craft: Craft | None) -> None:  # noqa: ANN401 - a report gets attributes
        report.testrun_uid = self._bridge.run_uid
        report.worker_id = craft.node.gateway.id if craft else "gw0"
        if craft is not None and self._bridge.settings.named:
            report.node = craft.node

    def _announce(self, report: Any, evidence: Evidence) -> None:  # noqa: ANN401
        bridge, hook = self._bridge, self._bridge.config.hook
        bridge.broken[report.item_index] = report
        hook.pytest_handlecrashitem(crashitem=report.nodeid, report=report, sched=bridge.schedule)
        hook.pytest_runtest_logreport(report=report)
        if report.outcome == "failed" and report.when != "teardown":
            compat.junit_error(bridge.config, report, report.isolate_headline)
        hook.pytest_runtest_logfinish(nodeid=report.nodeid, location=report.location)
        self._note_evidence(report, evidence)
        bridge.heed_wishes()

    def _note_evidence(self, report: Any, evidence: Evidence) -> None:  # noqa: ANN401
        self._bridge.note_evidence(
            nodeid=report.nodeid, text=report.longrepr, sections=report.sections,
            facts=as_plain(evidence), diagnoses=list(map(for_journal, _diagnoses(evidence))),
        )  # fmt: skip

    def _want_native(self, craft: Craft | None, evidence: Evidence, report: Any) -> None:  # noqa: ANN401
        if evidence.end.signal is not None:
            from pytest_bulkhead.controller.native import note_death  # noqa: PLC0415 - rare

            note_death(self._bridge, craft, evidence, report)

    # -- a process that no test owned ----------------------------------------------------------

    def report_breach(self, action: do.ReportBreach) -> None:
        """Report the death of a process that no test owned, as an error of the run."""
        bridge = self._bridge
        number = -bridge.run.template.id if action.worker == TEMPLATE else action.worker
        craft = bridge.fleet.get(number)
        template = action.worker == TEMPLATE or craft is None
        name = "the template" if template else craft.node.gateway.id  # type: ignore[union-attr]
        seen, what = self._seen(craft, action.killed_for), f"process {name}"
        printed = self._sections(action.phase, craft)
        evidence = Evidence(
            nodeid=what,
            worker=name,
            phase=action.phase,
            subject=action.subject,
            end=action.end,
            killed_for=action.killed_for,
            stacks=seen.stacks,
            standstill=seen.standstill,
            native=seen.native,
            output=_stderr_of(printed),
        )
        evidence = self._with_surroundings(evidence)
        items = tuple(bridge.run.items[index].nodeid for index in action.items)
        found = next(iter(_diagnoses(evidence)), None)
        sections = [*_of_debuggers(evidence), *printed]
        text = breach_text(evidence, items, found)
        if bridge.artifacts is not None:
            bridge.artifacts.keep(evidence, text, sections)
        self.report_error(what, text, sections, facts=as_plain(evidence))

    def report_held(self, action: do.ReportHeld) -> None:
        """Tell of memory of a GPU that did not come back: an error of the run, if that is asked."""
        items = self._bridge.run.items
        tests = ", ".join(items[index].nodeid for index in action.items[-3:]) or "no test"
        text = "\n".join(
            (f"{action.seconds:.1f} s after the process of {tests} had ended:", *action.holders)
        )
        bridge, policy = self._bridge, self._bridge.settings.gpu_release.policy
        if policy == "fail":
            self.report_error("memory of a GPU", text)
            return
        if policy == "wait":  # the report may never come
            write_live(bridge.config, f"\n{_WAITS}\n{text}\n", "")
        bridge.held_memory.append(text)
        bridge.note_evidence(held_memory=text)

    def report_give_up(self, action: do.GiveUp) -> None:
        """Report that the run cannot go on."""
        self.report_error("the run", f"{action.reason}; the tests that had not run were not run")

    def report_error(
        self, what: str, text: str, sections: list[tuple[str, str]] | None = None, **facts: object
    ) -> None:
        """Report an error of the run: it counts, is shown and makes the exit status 1.

        Args:
            what: it is an error of, in the place of a test.
            text: what is shown of it.
            sections: what was captured.
            facts: for the journal.
        """
        manager = self._bridge.config.pluginmanager
        deaf = [plugin for name in _REMEMBER if (plugin := manager.getplugin(name))]
        report: Any = pytest.TestReport(
            nodeid=what,
            location=(what, None, what),
            keywords={},
            outcome="failed",
            longrepr=text,
            when="teardown",
            sections=sections or [],
        )
        report.isolate_end = "breach"
        with compat.uncounted(self._bridge.config):
            manager.subset_hook_caller("pytest_runtest_logreport", deaf)(report=report)
        self._bridge.note_evidence(nodeid=what, text=text, sections=sections or [], **facts)


def _of_debuggers(evidence: Evidence) -> list[tuple[str, str]]:
    return [(TITLE, evidence.native)] if evidence.native else []


def _diagnoses(evidence: Evidence) -> list[Diagnosis]:
    from pytest_bulkhead.core.diagnosis.table import diagnoses  # noqa: PLC0415 - crashes are rare

    return list(diagnoses(evidence))


def _stderr_of(sections: Iterable[tuple[str, str]]) -> str:
    return "\n".join(text for title, text in sections if "stderr" in title)[-_MAX_OUTPUT:]

"""Adds to the report of a test what running it once more has shown.

Pytest has been told of the report long before; it is the same object that the summary shows.
"""

from __future__ import annotations

from typing import Any

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core.again.inquiry import Verdict
from pytest_bulkhead.report.answers import TITLE, Involved, answer_lines, short_words
from pytest_bulkhead.report.live import write_live


class Answers:
    """Keeps the reports of tests that may be looked into, until that is done."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    def show_trial(self, worker: int) -> None:
        """Show what is tried now, where a search may take its time."""
        run = self._bridge.run
        attempt = run.workers[worker].attempt
        if attempt is None or attempt.counts or not run.policy.bisect:
            return
        count = len(attempt.items) - 1
        after = f"after {count} {'test' if count == 1 else 'tests'}" if count else "alone"
        nodeid = run.items[attempt.item].nodeid
        write_live(self._bridge.config, f"\nisolate: {nodeid} once more, {after}", "")

    def report_answer(self, action: do.ReportAnswer) -> None:
        """Tell what was shown."""
        bridge, answer = self._bridge, action.answer
        names = [item.nodeid for item in bridge.run.items]
        nodeid = names[action.item]
        culprits = [names[index] for index in answer.culprits]
        before = [names[index] for index in action.before]
        left = [finding for finding in bridge.findings if finding.blamed in culprits]
        involved = Involved(nodeid, culprits, before, bridge.settings.report)
        text = "\n".join(answer_lines(answer, involved, left))
        report: Any = bridge.broken.pop(action.item, None)
        if report is not None:
            compat.add_late_section(report, TITLE, text)
            report.isolate_needs_others = answer.verdict is Verdict.NEEDS
            short = short_words(answer, culprits)
            if short and hasattr(report, "isolate_headline"):
                report.isolate_headline += f" ({short})"
        bridge.note_evidence(
            answer={
                "nodeid": nodeid, "verdict": answer.verdict.value, "state": answer.state.word,
                "culprits": culprits, "level": answer.level and answer.level.word, "text": text,
            }
        )  # fmt: skip

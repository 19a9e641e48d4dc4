"""What workers say of their tests, turned into events for the run and hook calls for pytest."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.controller.holding import Held, add_teardown
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.report.live import write_live
from pytest_bulkhead.system import clock


class Testimony:
    """Takes in progress and reports."""

    def __init__(self, bridge: Bridge, feed: Callable[[ev.Event], None]) -> None:
        self._bridge = bridge
        self._feed = feed
        self._hook = bridge.config.hook

    def on_progress(self, craft: Craft, message: msg.Progress) -> None:
        """Take in that one test is finished and the next begins."""
        if message.finished >= 0:
            self._on_finished(craft, message.finished)
        if message.started >= 0:
            self._on_test_started(craft, message.started, fresh=message.finished < 0)

    def _on_finished(self, craft: Craft, index: int) -> None:
        worker = self._bridge.run.workers[craft.process]
        _expect(worker.item == index, "a test is finished that had not begun")
        self._feed(ev.TestFinished(craft.process, index))
        craft.sections, craft.told = (), {}
        if self._bridge.is_trial(craft):
            return
        if craft.held is not None:
            craft.held = craft.held._replace(place=self._place(index))
        else:
            self._hook.pytest_runtest_logfinish(**self._place(index))

    def _on_test_started(self, craft: Craft, index: int, *, fresh: bool) -> None:
        self._bridge.release(craft)
        worker = self._bridge.run.workers[craft.process]
        # Of a staged worker, those that have to run together come before the others.
        given = bool(worker.todo) and (worker.todo[0] == index or worker.staged)
        _expect(given and worker.item is None, "a test begins that had not been given")
        self._feed(ev.TestStarted(craft.process, index, fresh))
        if self._bridge.is_trial(craft):
            return
        self._bridge.begun[index] = clock.monotonic()
        self._hook.pytest_runtest_logstart(**self._place(index))

    def _place(self, index: int) -> dict[str, Any]:
        nodeid = self._bridge.run.items[index].nodeid
        return {"nodeid": nodeid, "location": self._bridge.locations[index]}

    def on_reported(self, craft: Craft, message: msg.Reported) -> None:
        """Take in a report, and hand it to pytest."""
        if craft.is_template:
            self._on_session_cleared(craft, self._restore(craft, message))
            return
        worker = self._bridge.run.workers[craft.process]
        clearing = worker.clearing is not None and worker.clearing == message.item
        _expect(worker.item == message.item or clearing, "a test reports that had not begun")
        if self._bridge.is_trial(craft):
            self._hear_trial(craft, message)
            return
        report = self._restore(craft, message)
        if worker.attempt is not None:
            number_attempt(report, self._bridge.run.attempts.number(message.item))
        if clearing:
            self._add_teardown(craft, message.item, report)
            return
        self._bridge.release(craft)
        if type(report) is pytest.TestReport:
            self._account(craft, message.item, report)
            flaky = report.when == "call" and report.passed and not hasattr(report, "wasxfail")
            if flaky and worker.attempt is not None:
                self._tell_flaky(message.item, report)
                return
            if report.when == "teardown" and (craft.staged or self._bridge.run.policy.shares):
                craft.held = Held(report)
                return
        self._tell(report)

    def _tell_flaky(self, index: int, report: pytest.TestReport) -> None:
        """Tell of a test that passed when it was run again."""
        report.isolate_end = "flaky"  # type: ignore[attr-defined]
        self._tell(report)
        first, _evidence = self._bridge.withheld[index]
        compat.junit_flaky(self._bridge.config, report, first.isolate_headline)

    def _hear_trial(self, craft: Craft, message: msg.Reported) -> None:
        """Take in a report that nobody else hears of."""
        report = self._bridge.restore_report(_complete(craft, message.report))
        if type(report) is pytest.TestReport:
            self._feed_report(craft, message.item, report)

    def _on_session_cleared(self, craft: Craft, report: pytest.TestReport) -> None:
        """Take in what the stage of the session has torn down when all workers had ended."""
        if self._bridge.held is not None:
            add_teardown(self._bridge.held, report)
        elif report.failed:
            self._bridge.late_errors.append((craft.node.gateway.id, str(report.longrepr)))

    def _restore(self, craft: Craft, message: msg.Reported) -> Any:  # noqa: ANN401 - of any plugin
        report = self._bridge.restore_report(_complete(craft, message.report))
        report.worker_id = craft.node.gateway.id
        report.testrun_uid = self._bridge.run_uid
        report.item_index = message.item
        if self._bridge.settings.named:
            report.node = craft.node
        if hasattr(report, "bulkhead_junit"):
            self._add_junit_extras(report)
        if hasattr(report, "bulkhead_gpu_failure"):
            self._explain_gpu_failure(craft, report)
        return report

    def _explain_gpu_failure(self, craft: Craft, report: pytest.TestReport) -> None:
        from pytest_bulkhead.controller.gpu_failures import add_explanation  # noqa: PLC0415 - rare

        add_explanation(self._bridge, craft, report)

    def _tell(self, report: Any) -> None:  # noqa: ANN401 - of any plugin
        if report.outcome == "failed" and self._bridge.settings.verify == "failures":
            self._bridge.broken[report.item_index] = report
        self._hook.pytest_runtest_logreport(report=report)
        self._bridge.heed_wishes()

    def _add_teardown(self, craft: Craft, index: int, report: pytest.TestReport) -> None:
        """Take in what a stage has torn down: for its last test, as in plain pytest."""
        if report.failed:
            self._feed_report(craft, index, report)
        if craft.held is not None:
            add_teardown(craft.held, report)
        elif report.failed:
            self._tell(report)

    def _add_junit_extras(self, report: pytest.TestReport) -> None:
        try:
            compat.add_junit_extras(self._bridge.config, report)
        except (TypeError, ValueError) as problem:
            raise ProtocolError(f"what a report has for JUnit is none: {problem!r}") from problem

    def _account(self, craft: Craft, index: int, report: pytest.TestReport) -> None:
        craft.sections = tuple(report.sections)
        self._bridge.durations[index] += report.duration
        self._feed_report(craft, index, report)

    def _feed_report(self, craft: Craft, index: int, report: pytest.TestReport) -> None:
        xfail = hasattr(report, "wasxfail")
        self._feed(
            ev.TestReported(
                craft.process, index, report.when, report.outcome, xfail, report.duration
            )
        )

    def on_live(self, craft: Craft, message: msg.Live) -> None:
        """Show what is to be seen while the test runs."""
        if self._bridge.is_trial(craft):
            return
        write_live(self._bridge.config, message.text, message.sep)


def number_attempt(report: Any, number: int) -> None:  # noqa: ANN401 - a report gets attributes
    """Write into a report, and so into JUnit's file, which attempt at its test it is of."""
    report.isolate_attempt = number
    report.user_properties = [*report.user_properties, ("isolate_attempt", str(number))]


def _complete(craft: Craft, data: Any) -> Any:  # noqa: ANN401 - a JSON value
    """Put back what a report left out; so the reports of a test share their strings."""
    if type(data) is dict:
        for key in msg.TOLD_ONCE:
            if key in data:
                craft.told[key] = data[key]
            elif key in craft.told:
                known = craft.told[key]
                data[key] = dict(known) if type(known) is dict else known
    return data


def _expect(fine: bool, otherwise: str) -> None:
    if not fine:
        raise ProtocolError(otherwise)

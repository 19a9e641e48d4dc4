"""A run is not green in which no test ran that was meant to: `core.requires.meant`, under pytest.

Who judges tests says in their reports for which promises they were meant; who reports to the user
counts. Those are two processes under isolation and under pytest-xdist, and one elsewhere.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_bulkhead.core.requires.meant import Meant

#: The promises for which a test is meant to run.
_PROMISES = pytest.StashKey[list[str]]()

#: The attribute of a report that says them. Reports travel with all their attributes.
_ATTRIBUTE = "isolate_meant"


def mark_meant(item: pytest.Item, promises: list[str]) -> None:
    """Have the reports of a test say for which promises it was meant to run."""
    item.stash[_PROMISES] = promises


class MeantReportsPlugin:
    """Says it in reports, where tests run."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Add it to the reports of set-up and call."""
        report = yield
        promises = item.stash.get(_PROMISES, [])
        if promises and report.when != "teardown":
            setattr(report, _ATTRIBUTE, promises)
        return report


class MeantPlugin:
    """Counts, where reports arrive."""

    def __init__(self) -> None:
        self._meant = Meant()
        self._lines: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear a report."""
        called = report.when == "call" and (report.passed or hasattr(report, "wasxfail"))
        promises = getattr(report, _ATTRIBUTE, [])
        self._meant.hear(report.nodeid, promises, ran=called or report.failed)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a run red that would be green."""
        missed = self._meant.missed()
        if missed and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
            self._lines = [_line(promise, count) for promise, count in missed.items()]

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401 - private
        """Say why it is red."""
        for line in self._lines:
            terminalreporter.write_line(line, red=True, bold=True)


def _line(promise: str, count: int) -> str:
    tests = "the 1 test that needs it was" if count == 1 else f"all {count} tests that need it were"
    return f"ERROR: promised by {promise}, and {tests} skipped: none ran that was meant to"

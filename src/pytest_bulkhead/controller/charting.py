"""The chart of the run that goes on, and the files that it is drawn into when that is over."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.chart import Chart
from pytest_bulkhead.report.chart_files import ChartFiles
from pytest_bulkhead.settings import Settings
from pytest_bulkhead.system import clock


class Charting:
    """Has the chart, until it is drawn."""

    def __init__(self, config: pytest.Config, settings: Settings, run: Run) -> None:
        """Begin the chart.

        Raises:
            pytest.UsageError: one of its files cannot be written.
        """
        try:
            self._files = ChartFiles(settings.html, settings.trace).opened("--isolate-")
        except UsageProblem as problem:
            raise pytest.UsageError(str(problem)) from None
        self._heading: dict[str, Any] = {
            "args": list(map(str, config.invocation_params.args)),
            "dir": str(config.invocation_params.dir),
            "profile": settings.profile,
            "why_exec": settings.why_exec,
            "began": clock.wall(),
        }
        self.chart = Chart(run)
        self._drawn = False

    def draw(self) -> Iterator[tuple[str, str]]:
        """Write the files, unless that was done; yield (path, why it could not be written)."""
        if not self._drawn:
            self._drawn = True
            yield from self._files.write(self.chart, self._heading)

"""Writes the chart of a run to files: a trace, a page. What is in them, others decide."""

from __future__ import annotations

import importlib.resources
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.chart import Chart

#: In this order, for each uses what is in those before it.
_SCRIPTS = ("model.js", "timeline.js", "tests.js", "evidence.js", "main.js")


class ChartFiles(NamedTuple):
    """Where the chart of a run is to be written, empty for nowhere."""

    html: str = ""
    trace: str = ""

    def opened(self, prefix: str) -> ChartFiles:
        """Return the same files as absolute paths, each of which can be written.

        A file that exists keeps what it has until the chart is written.

        Args:
            prefix: of the options' names, for messages.

        Raises:
            UsageProblem: one cannot be written.
        """
        for name, path in self._asdict().items():
            if path:
                _try(f"{prefix}{name}={path}", path)
        return ChartFiles(*(path and os.path.abspath(path) for path in self))

    def write(self, chart: Chart, heading: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        """Write what is wanted; yield (path, why it could not be written, or empty) of each file.

        Args:
            chart: of a run that is over, or was cut off.
            heading: of the journal of that run.
        """
        if self.html:
            yield self.html, _write(self.html, [_page_text(chart, heading)])
        if self.trace:
            yield self.trace, _write(self.trace, _trace_text(chart, heading))


def _try(what: str, path: str) -> None:
    try:
        with open(path, "a", encoding="utf-8"):
            pass
    except OSError as problem:
        raise UsageProblem(f"{what}: {problem.strerror}") from problem


def _write(path: str, texts: Iterable[str]) -> str:
    try:
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(texts)
    except OSError as problem:
        return str(problem)
    return ""


def _page_text(chart: Chart, heading: Mapping[str, Any]) -> str:
    from pytest_bulkhead.report.chart_page import Parts, page_facts, page_text  # noqa: PLC0415

    script = "\n".join(map(_part, _SCRIPTS))
    parts = Parts(_part("page.html"), _part("page.css"), f'"use strict";\n{{\n{script}\n}}\n')
    return page_text(parts, page_facts(chart, heading))


def _part(name: str) -> str:
    return (importlib.resources.files(__package__) / "page" / name).read_text("utf-8")


def _trace_text(chart: Chart, heading: Mapping[str, Any]) -> Iterator[str]:
    from pytest_bulkhead.report.chart_trace import trace_events  # noqa: PLC0415 - when asked for

    named = {"args": heading.get("args", []), "dir": heading.get("dir", "")}
    yield f'{{"displayTimeUnit": "ms", "otherData": {json.dumps(named)}, "traceEvents": ['
    for number, event in enumerate(trace_events(chart)):
        yield f"{',' if number else ''}\n{json.dumps(event)}"
    yield "\n]}\n"

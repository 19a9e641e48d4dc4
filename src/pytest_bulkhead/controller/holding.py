"""A test's report of its teardown, held back while a stage may still add to it.

In plain pytest the last test of a module tears the module's fixtures down, and its report tells of
that: output, seconds, errors. Here a stage does, when that test has long been reported. So the
latest such report of a worker waits for the worker's next word; what a stage tears down before that
becomes a part of it. The session's fixtures may be torn down when all workers have ended: then the
last one's report waits for that.

The run knows of each report at once; only pytest and its plugins hear it later.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

import pytest

from pytest_bulkhead.core.sections import from_titles, join_sections, to_titles


class Held(NamedTuple):
    """A report that waits."""

    report: pytest.TestReport
    #: Of `pytest_runtest_logfinish`, once the test has ended.
    place: dict[str, Any] | None = None


class Holder(Protocol):
    """Who has such a report: a craft, or the run when all crafts are gone."""

    held: Held | None


def release(hook: Any, holder: Holder) -> None:  # noqa: ANN401 - pluggy's relay
    """Hand what is held to pytest."""
    held, holder.held = holder.held, None
    if held is not None:
        hook.pytest_runtest_logreport(report=held.report)
        if held.place is not None:
            hook.pytest_runtest_logfinish(**held.place)


def add_teardown(held: Held, later: pytest.TestReport) -> None:
    """Make what a stage reports of its teardown a part of what is held."""
    report = held.report
    sections = join_sections(from_titles(report.sections), from_titles(later.sections))
    report.sections = to_titles(sections)
    report.duration += later.duration
    report.stop = later.stop
    if later.failed:
        report.longrepr = _both(later.longrepr, report.longrepr)
        report.outcome = "failed"


def _both(first: Any, second: Any) -> Any:  # noqa: ANN401 - what pytest describes an error by
    """Return the description of both errors; pytest, too, tells of the widest fixture first."""
    return f"errors during test teardown\n\n{first}\n\n{second}" if second else first

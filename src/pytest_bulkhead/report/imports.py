"""The section of the summary on imports: what the run paid for each heavy package, and where."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.core.doctor.imports import Bill, Paid, Row

_TITLES = "  total s    own s       MB  "
_WITHIN = "imported in tests, not at the top of a file: ruff's rule PLC0415 finds such lines"


def write_bill(reporter: Any, bill: Bill, root: str) -> None:  # noqa: ANN401 - TerminalReporter
    """Write the section.

    Args:
        reporter: of the terminal.
        bill: of the run.
        root: the folder that paths are shown relative to.
    """
    reporter.write_sep("=", "imports")
    for line in bill_lines(bill, root):
        reporter.write_line(line)


def bill_lines(bill: Bill, root: str) -> Iterator[str]:
    """Yield the lines of the section.

    Args:
        bill: of a run.
        root: the folder that paths are shown relative to.
    """
    rows = list(bill.heavy())
    if rows:
        yield f"{_TITLES}first imported"
    for row in rows:
        yield f"{_figures(row.paid)}  {row.paid.package}: {_where(row, root)}"
    yield f"{_figures(bill.light(), total=False)}  all others"
    yield f"{_figures(bill.sum(), total=False)}  in all"
    if any(row.occasions[0].in_test for row in rows):
        yield _WITHIN
    for text in bill.clashes:
        yield f"clash: {text}"


def _figures(paid: Paid, *, total: bool = True) -> str:
    first = f"{paid.total:9.2f}" if total else " " * 9
    return f"{first}{paid.own:9.2f}{paid.grown / 2**20:9.1f}"


def _where(row: Row, root: str) -> str:
    place = f"{_short(row.paid.place, root)}, " if row.paid.place else ""
    times = f"; {row.paid.times} times" if row.paid.times > 1 else ""
    others = len(row.occasions) - 1
    more = f", and on {others} more occasion{'' if others == 1 else 's'}" if others else ""
    return f"{place}{row.occasions[0]}{more}{times}"


def _short(place: str, root: str) -> str:
    """Return a place as people look for it: below the root, or within an installed package."""
    _folder, packages, inner = place.rpartition(f"{os.sep}site-packages{os.sep}")
    if packages:
        return inner
    return place.removeprefix(root.rstrip(os.sep) + os.sep)

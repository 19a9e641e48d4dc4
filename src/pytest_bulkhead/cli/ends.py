"""A plugin that writes how tests end, one JSON object a line: `-p pytest_bulkhead.cli.ends`.

For plain pytest, which keeps no journal: what a run that died had said is there all the same. And
the reader of that. Nothing here knows of isolation.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import pytest

from pytest_bulkhead.core.accounting import BROKEN, Ledger, State
from pytest_bulkhead.core.doctor.survey import TEARDOWN

#: The variable that names the file.
VARIABLE = "BULKHEAD_ENDS"


def pytest_configure(config: pytest.Config) -> None:
    """Write from now on."""
    file: IO[str] = open(os.environ[VARIABLE], "w", encoding="utf-8", buffering=1)  # noqa: SIM115
    config.add_cleanup(file.close)
    config.pluginmanager.register(_Writer(file))


class _Writer:
    def __init__(self, file: IO[str]) -> None:
        self._file = file

    def _write(self, **row: object) -> None:
        self._file.write(json.dumps(row) + "\n")

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self._write(ids=[item.nodeid for item in session.items])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self._write(started=nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        xfail = hasattr(report, "wasxfail")
        self._write(reported=report.nodeid, when=report.when, outcome=report.outcome, xfail=xfail)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._write(finished=nodeid)


def read_ends(path: Path) -> tuple[dict[str, str], str]:
    """Return {test: how it ended}, and the test that was running when the run ended, if any.

    Args:
        path: what was written.
    """
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    rows = [json.loads(line) for line in lines if line.endswith("}")]  # the last may be cut
    if not rows:
        return {}, ""
    reading = _Reading(rows[0]["ids"])
    reading.take(rows[1:])
    return reading.ends(), reading.running


class _Reading:
    """What was said of each test, in the books that an isolated run keeps too."""

    def __init__(self, nodeids: list[str]) -> None:
        self._items = {nodeid: item for item, nodeid in enumerate(nodeids)}
        self._ledger = Ledger(len(nodeids))
        self._torn: set[str] = set()
        self.running = ""

    def take(self, rows: Iterable[dict[str, Any]]) -> None:
        for row in rows:
            if "started" in row:
                self.running = row["started"]
                self._ledger.start(self._items[self.running])
            elif "finished" in row:
                self._ledger.close(self._items[row["finished"]])
                self.running = ""
            elif row["reported"] == self.running:
                self._report(**row)

    def _report(self, reported: str, when: str, outcome: str, *, xfail: bool) -> None:
        self._ledger.report(self._items[reported], when, outcome, xfail)
        if (when, outcome) == ("teardown", "failed"):
            self._torn.add(reported)

    def ends(self) -> dict[str, str]:
        if self.running:
            self._ledger.close(self._items[self.running], State.CRASHED)
        return {
            nodeid: end_words(self._ledger.state(item), torn=nodeid in self._torn)
            for nodeid, item in self._items.items()
        }


def end_words(state: State, *, torn: bool) -> str:
    """Return how a test ended; `torn` when an error at its teardown was told of as well."""
    return state.word + (TEARDOWN if torn and state not in BROKEN else "")

"""Runs some tests, in order and in one process, to see how the last one ends.

It starts pytest as a user would, and reads the journal that it leaves. What is to be learned from
that is not known here.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from pytest_bulkhead.cli import listing
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.journal import read_journal
from pytest_bulkhead.report.story import tell

#: One test at a time, each once, whatever the ini file adds; no more is wanted than how it ends.
ONCE = (
    "-n0", "--maxfail=0", "-p", "no:cacheprovider", "-q", "--isolate-native=off",
    "-o", "isolate_verify=off", "-o", "isolate_retries=0",
)  # fmt: skip
#: In one process.
_PLAIN = ("--isolate=session", "-o", "isolate_exit=fast")
#: Whoever is installed to shuffle tests.
IN_ORDER = ("-p", "no:randomly", "-p", "no:random_order", "-p", "no:random-order")


def add_option(parser: argparse.ArgumentParser) -> None:
    """Add the argument by which a verb that runs pytest takes options for it."""
    parser.add_argument(
        "-o", "--option", metavar="OPTION", action="append", default=[],
        help="an option for pytest, as `--option=--isolate-timeout=5`; may be given several times",
    )  # fmt: skip


class Prober:
    """Runs tests of one suite."""

    def __init__(self, paths: Sequence[str], own: Sequence[str]) -> None:
        """Collect the suite.

        Args:
            paths: what the user would name, or nothing.
            own: options of the user's.

        Raises:
            UsageProblem: it cannot be collected.
        """
        self._own = [*IN_ORDER, *own]
        self._folder = tempfile.TemporaryDirectory(prefix="bulkhead-bisect-")
        file = Path(self._folder.name, "listing")
        done = self._pytest(
            os.getcwd(), "--collect-only", "-q", "-p", listing.__name__, *paths,
            environ={listing.VARIABLE: str(file)},
        )  # fmt: skip
        if not file.exists():
            raise UsageProblem(f"the tests cannot be collected:\n{_tail(done.stdout)}")
        found = json.loads(file.read_text(encoding="utf-8"))
        self._root: str = found["root"]
        #: Of all tests, in order.
        self.nodeids: list[str] = found["ids"]

    def close(self) -> None:
        """Remove what was written."""
        self._folder.cleanup()

    def state_after(self, earlier: Sequence[str], nodeid: str) -> State:
        """Return how a test ends after some others.

        Raises:
            UsageProblem: it could not be run: the suite is not as it was collected.
        """
        ids, journal = (Path(self._folder.name, name) for name in ("ids", "journal"))
        ids.write_text("\n".join((*earlier, nodeid)) + "\n", encoding="utf-8")
        journal.unlink(missing_ok=True)
        done = self._pytest(self._root, *ONCE, *_PLAIN, f"--isolate-report={journal}", f"@{ids}")
        state = _state_in(journal, nodeid)
        if state is None:
            raise UsageProblem(f"{nodeid} was not run:\n{_tail(done.stdout)}")
        return state

    def _pytest(
        self, folder: str, *arguments: str, environ: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "pytest", *self._own, *arguments],
            cwd=folder, env={**os.environ, **(environ or {})}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
            check=False,
        )  # fmt: skip


def _state_in(journal: Path, nodeid: str) -> State | None:
    if not journal.exists():
        return None
    heading, lines = read_journal(journal.read_text("utf-8").splitlines(), str(journal))
    run = tell(heading, lines).run
    found = [run.ledger.state(item.index) for item in run.items if item.nodeid == nodeid]
    return found[-1] if found and found[-1] is not State.NOT_RUN else None


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-15:])

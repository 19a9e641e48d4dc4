"""Runs a whole suite at one level after another, to see what that costs and how its tests end.

It starts pytest as a user would, and reads what it leaves: a journal, or what the plugin `ends`
wrote under plain pytest. What that means is decided in `core.doctor.survey`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from pytest_bulkhead.cli import billing, ends, shuffling
from pytest_bulkhead.cli.ends import end_words, read_ends
from pytest_bulkhead.cli.probing import IN_ORDER, ONCE
from pytest_bulkhead.core.doctor.imports import Paid
from pytest_bulkhead.core.doctor.survey import PLAIN, Collected, Round
from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.journal import read_journal
from pytest_bulkhead.report.story import Story, tell
from pytest_bulkhead.system import process

#: What a worker is to do at its end, for a round that shows whether it can.
CLEAN = ("-o", "isolate_exit=clean")

#: Lines of its output that tell why a suite cannot be collected.
_SHOWN = 15

#: The part of the time that is left which a round may take, so that those after it have some too.
_PART = 0.5


class Rounds:
    """Runs one suite."""

    def __init__(self, paths: Sequence[str], own: Sequence[str], seconds: float) -> None:
        """Begin.

        Args:
            paths: what the user would name.
            own: options of the user's.
            seconds: for all rounds together.
        """
        self._arguments = [*IN_ORDER, *own, *ONCE, *paths]
        self._folder = tempfile.TemporaryDirectory(prefix="bulkhead-doctor-")
        self._deadline = time.monotonic() + seconds
        #: Why the suite's template cannot be forked; empty when it can.
        self.why_spawn: Fact[str] = Unknown("no template has collected the suite")

    def close(self) -> None:
        """Remove what was written."""
        self._folder.cleanup()

    def look(self) -> Collected:
        """Collect; return the number of tests, and what their imports cost and get in the way of.

        Raises:
            UsageProblem: the suite cannot be collected, or not in time.
        """
        bill = self._path("bill")
        options = "--isolate=no", "--collect-only", "--isolate-imports", "-p", billing.__name__
        status = self._pytest(options, {billing.VARIABLE: str(bill)})
        if status != 0:
            said = "\n".join(self._said()[-_SHOWN:])
            raise UsageProblem(f"the tests cannot be collected, exit status {status}:\n{said}")
        found = json.loads(bill.read_text(encoding="utf-8"))
        heavy = [Paid(*row) for row in found["heavy"]]
        return Collected(found["tests"], heavy, found["clashes"])

    def plain(self) -> Round:
        """Run the suite without isolation."""
        file, begun = self._path("ends"), time.monotonic()
        status = self._pytest(("--isolate=no", "-p", ends.__name__), {ends.VARIABLE: str(file)})
        seconds = time.monotonic() - begun
        found, running = read_ends(file)
        if status is None:
            where = f", in {running}" if running else ""
            return Round(PLAIN, seconds, void=f"{_late(seconds)}{where}")
        if not found:
            return Round(PLAIN, seconds, void=self._last_word())
        died = running or ("after its last test" if status < 0 else "")
        return Round(PLAIN, seconds, found, died=died)

    def at(self, level: str, *more: str, seed: int | None = None) -> Round:
        """Run the suite at a level.

        Args:
            level: of isolation.
            more: options.
            seed: of another order of its tests, None for their own.
        """
        journal, begun = self._path("journal"), time.monotonic()
        journal.unlink(missing_ok=True)
        options = f"--isolate={level}", f"--isolate-report={journal}", *more
        order = {} if seed is None else {shuffling.VARIABLE: str(seed)}
        if order:
            options = *options, "-p", shuffling.__name__
        status = self._pytest(options, order)
        seconds = time.monotonic() - begun
        if status is None:
            return Round(level, seconds, void=_late(seconds))
        if not journal.exists():
            return Round(level, seconds, void=self._last_word())
        story = tell(*read_journal(journal.read_text("utf-8").splitlines(), str(journal)))
        if story.run.items:
            self.why_spawn = Known(story.run.why_spawn, "by the proof of its template")
        return Round(level, seconds, _ends_in(story), breaches=_breaches_in(story))

    def _pytest(self, options: Sequence[str], environ: Mapping[str, str]) -> int | None:
        """Run pytest; return its exit status, None when it was ended because time was over."""
        limit = max(0.0, (self._deadline - time.monotonic()) * _PART)
        # Into a file: whoever outlives the run may hold a pipe open.
        with open(self._path("output"), "w", encoding="utf-8") as output:
            running = subprocess.Popen(
                [sys.executable, "-m", "pytest", *options, *self._arguments],
                env={**os.environ, **environ}, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip
        in_time = False
        try:
            in_time = process.ends_within(running.pid, limit)
        finally:
            process.kill_group(running.pid)  # what tests of plain pytest left, too
            status = running.wait()
        return status if in_time else None

    def _path(self, name: str) -> Path:
        return Path(self._folder.name, name)

    def _said(self) -> list[str]:
        return self._path("output").read_text("utf-8", "replace").strip().splitlines()

    def _last_word(self) -> str:
        """Return the line that says why pytest ran no test."""
        lines = self._said() or ["pytest said nothing"]
        return next((line for line in reversed(lines) if line.startswith("ERROR")), lines[-1])


def _late(seconds: float) -> str:
    return f"it was ended after {seconds:.0f} s"


def _ends_in(story: Story) -> dict[str, str]:
    run = story.run
    return {
        item.nodeid: end_words(run.ledger.state(item.index), torn=_torn(story, item.index))
        for item in run.items
    }


def _torn(story: Story, item: int) -> bool:
    """Whether an error at the teardown of a test was told of, or its process died there."""
    attempts = story.attempts.of.get(item, ())
    reported = {phase[:2] for attempt in attempts for phase in attempt.phases}
    died = any(attempt.crash is not None and attempt.crash.decided for attempt in attempts)
    return died or ("teardown", "failed") in reported


def _breaches_in(story: Story) -> list[str]:
    """Return the first lines on ends of processes that no test owned."""
    known = {item.nodeid for item in story.run.items}
    return [death.text.partition("\n")[0] for death in story.deaths if death.nodeid not in known]

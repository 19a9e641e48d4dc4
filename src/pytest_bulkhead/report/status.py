"""The line of running tests below the progress, on a terminal that a person watches."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.core.run.worker import Worker

#: Seconds between two drawings.
_PERIOD = 0.5
#: Seconds that a test runs before it is worth a line.
_SLOW = 2.0


class StatusLine:
    """Draws below the cursor and erases before anybody else writes."""

    def __init__(self, config: pytest.Config, run: Run, lent: Callable[[], bool]) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        watched = getattr(reporter, "isatty", False) and _wanted(config)
        self._writer = getattr(reporter, "_tw", None) if watched else None
        self._run = run
        self._lent = lent
        self._column = -1

    def shorten(self, wait: float | None) -> float | None:
        """Return how long the loop may sleep so that the line stays true."""
        if self._writer is None:
            return wait
        return _PERIOD if wait is None else min(wait, _PERIOD)

    def draw(self, now: float) -> None:
        """Show the tests that have been running for a while."""
        slow = [(w, i) for w, i in self._run.in_hand() if now - w.item_since > _SLOW]
        self.erase()
        if self._writer is None or not slow or self._lent():
            return
        self._column = self._writer.width_of_current_line
        text = running_text(slow, now)[: self._writer.fullwidth - 1]
        self._put(f"\n{text}")

    def erase(self) -> None:
        """Remove the line and put the cursor back where it was."""
        if self._writer is not None and self._column >= 0:
            forward = f"\x1b[{self._column}C" if self._column else ""
            self._put(f"\r\x1b[2K\x1b[1A\r{forward}")
            self._column = -1

    def _put(self, text: str) -> None:
        # Past the writer's own bookkeeping: the line is not part of the report.
        self._writer._file.write(text)  # type: ignore[union-attr]
        self._writer._file.flush()  # type: ignore[union-attr]


def _wanted(config: pytest.Config) -> bool:
    """Whether there is room for it: with -q least is asked for, with -s tests write there too."""
    shown = config.get_verbosity() >= 0 and config.getoption("capture", "") != "no"
    return shown and os.environ.get("TERM") != "dumb"  # such a terminal cannot go back a line


def running_text(running: list[tuple[Worker, Item]], now: float) -> str:
    """Return the text of the line."""
    parts = [f"gw{w.slot} {item.nodeid} ({now - w.item_since:.0f} s)" for w, item in running]
    return "running: " + ", ".join(parts)

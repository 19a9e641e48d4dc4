"""How runs of examples and stories come to their ends, and what they have said by then."""

from __future__ import annotations

import shutil
import signal
from pathlib import Path

from conftest import Finished, Running, wait_for

#: Seconds within which a whole run comes to its end, also on a busy machine.
LIMIT = 240
#: Seconds that no test takes which goes on at all: with us each is done in one.
STANDSTILL = 5

STATES = {"PASSED": "passed", "FAILED": "failed", "ERROR": "error", "SKIPPED": "skipped"} | {
    "CRASHED": "crashed", "TIMED OUT": "timed out", "XFAIL": "xfailed"
}  # fmt: skip


def place(source: Path, folder: Path) -> None:
    """Copy a project away: what a run of it leaves is left there."""
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(source, folder, ignore=ignored, dirs_exist_ok=True)


def end_of(running: Running, last: set[str]) -> Finished:
    """Wait for a run's end, or for a standstill in one of these tests; then end what is left."""
    if not last:
        return running.finish(LIMIT)
    # How long it takes to get to that test tells nothing.
    wait_for(lambda: last & begun(running.out()) or running.process.poll() is not None, LIMIT)
    return running.finish(STANDSTILL)


def problems_with(finished: Finished, states: dict[str, str], ends: tuple[str, ...], shows):
    """Say in what a run differs from what is expected of it."""
    if states_of(finished) != states:
        yield f"{states_of(finished)}, not {states}"
    if code_of(finished) not in ends:
        yield f"ended with {code_of(finished)}, not one of {ends}"
    yield from (f"{text!r} is not shown" for text in shows if text not in finished.out)


def states_of(finished: Finished) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for test, word in finished.verbose:
        found.setdefault(test, []).append(STATES[word])
    return {test: ", ".join(states) for test, states in found.items()}


def begun(out: str) -> set[str]:
    """Return the tests that `-v` has shown: it does so before it runs one."""
    firsts = (line.partition(" ")[0] for line in out.splitlines())
    return {first for first in firsts if ".py::" in first}


def code_of(finished: Finished) -> str:
    if finished.code is None:
        return "no end"
    if finished.code < 0:
        return signal.Signals(-finished.code).name
    return f"exit status {finished.code}"

"""Evidence of crashes, for the tests of what it means."""

from __future__ import annotations

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.guards.findings import Done, Finding
from pytest_bulkhead.core.item import Phase


def crash(signal: int | None = None, code: int | None = None, **more: object) -> Evidence:
    """Return the evidence of an end in the call of a test."""
    phase = more.pop("phase", Phase.CALL)
    end = more.pop("end", End(code, signal))
    return Evidence("a.py::t", "gw0", phase, "", end, **more)  # type: ignore[arg-type]


def left(guard: str, text: str) -> tuple[Finding, ...]:
    """Return what one earlier test has left."""
    return (Finding(guard, ("something else", text), "a.py::before", Done.REPORTED),)


def stacks(
    *frames: str, reason: str = "Segmentation fault", first: str = "", last: str = ""
) -> str:
    """Return stacks as faulthandler writes them; frames are `file:function`, the latest first."""
    lines = [f'  File "{file}", line 1 in {name}' for file, name in map(_split, frames)]
    other = 'Thread 0x00000000000000aa (most recent call first):\n  File "b.py", line 2 in g'
    current = "Current thread 0x00000000000000bb (most recent call first):"
    parts = [f"Fatal Python error: {reason}", "", other, "", current, first, *lines, last]
    return "\n".join(parts).replace("\n\n  ", "\n  ") + "\n"


def _split(frame: str) -> tuple[str, str]:
    file, _colon, name = frame.rpartition(":")
    return file, name


def certainty(grounds: object) -> str:
    """Return how sure a rule is, empty where it does not hold."""
    return grounds.certainty.value if grounds else ""  # type: ignore[attr-defined]

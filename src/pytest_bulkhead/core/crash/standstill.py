"""Two looks at a hung process, a moment apart, tell whether it stands still or is at work.

Who waits for a lock uses no CPU time and is in the same lines twice; who runs for ever uses it.
Which of the two a user has decides what he looks for next.
"""

from __future__ import annotations

from typing import NamedTuple

#: The part of a CPU from which on a process is at work, and below which it does nothing. Who is
#: at work gets little on a busy machine: being in line for a CPU at each look counts too.
_AT_WORK, _IDLE = 0.2, 0.05


class Below(NamedTuple):
    """A process below the one that hung."""

    pid: int
    command: str
    #: The kernel's word and letter, as `S (sleeping)`.
    state: str
    #: Its Python stacks, where it writes them when it is asked.
    stacks: str = ""


class Look(NamedTuple):
    """What was seen at once."""

    #: On the monotonic clock, in seconds.
    at: float
    #: CPU seconds that it had used, with all below it.
    cpu: float
    #: The kernel's word and letter.
    state: str


class Standstill(NamedTuple):
    """What is known of a hung process from two looks."""

    #: Between the looks, and the CPU time that was used meanwhile.
    seconds: float
    cpu: float
    #: At the first look.
    state: str
    #: It was on a CPU, or in line for one, at both.
    running: bool = False
    #: What faulthandler wrote the second time; empty for nothing.
    again: str = ""
    below: tuple[Below, ...] = ()
    #: What its descriptors mean, as `3 -> /tmp/file`.
    fds: tuple[str, ...] = ()
    #: {limit in force: bytes}, of memory.
    limits: tuple[tuple[str, int], ...] = ()


def between(first: Look, second: Look) -> Standstill:
    """Return what two looks tell."""
    cpu = max(0.0, second.cpu - first.cpu)  # who has ended meanwhile is missing in the second
    running = first.state.startswith("R") and second.state.startswith("R")
    return Standstill(second.at - first.at, cpu, first.state, running)


def verdict(seen: Standstill, stacks: str) -> str:
    """Return in one sentence what a process did while it hung.

    Args:
        seen: of two looks.
        stacks: what faulthandler had written the first time.
    """
    used = f"{seen.cpu:.2f} s of CPU time in {seen.seconds:.2f} s"
    where = _where(stacks, seen.again)
    part = seen.cpu / seen.seconds if seen.seconds > 0 else 0.0
    if part >= _AT_WORK or seen.running:
        return f"it was at work ({used}{where}): an endless loop, or a livelock"
    if seen.state.startswith("T"):
        return f"it was stopped by a signal ({used})"
    if part < _IDLE and where != _MOVED:
        return f"it stood still ({used}{where}): it waits for something, or is in a deadlock"
    return f"it did little ({used}{where}): it waits, and looks now and then"


_MOVED, _STAYED = ", in other lines the second time", ", in the same lines twice"


def _where(first: str, second: str) -> str:
    if not first or not second:
        return ""
    return _STAYED if first.strip() == second.strip() else _MOVED

"""Everything that can happen to a run. Frozen values; the journal is a list of them.

Processes are named by numbers that the run gives out, never by pids.
"""

from __future__ import annotations

import dataclasses
from typing import Union

from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item


@dataclasses.dataclass(frozen=True, slots=True)
class Begun:
    """The run begins."""


@dataclasses.dataclass(frozen=True, slots=True)
class Collected:
    """A template has collected; `why_spawn` is empty when it may be forked."""

    template: int
    items: tuple[Item, ...]
    why_spawn: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class TemplateEnded:
    """A template ended; `collecting` is the node that it was collecting, empty for none."""

    template: int
    end: End
    collecting: str = ""


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerJoined:
    """A worker said its first word."""

    worker: int


@dataclasses.dataclass(frozen=True, slots=True)
class TestStarted:
    """A worker is about to run a test."""

    worker: int
    item: int


@dataclasses.dataclass(frozen=True, slots=True)
class TestReported:
    """A phase of a test was reported."""

    worker: int
    item: int
    when: str
    outcome: str
    xfail: bool = False
    duration: float = 0.0


@dataclasses.dataclass(frozen=True, slots=True)
class TestFinished:
    """A worker is done with a test, all its reports having been sent."""

    worker: int
    item: int


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerLeaving:
    """A worker finished its session; what is left are atexit functions and threads."""

    worker: int


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerLeft:
    """A worker did all it had to: the last word before it exits."""

    worker: int


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerMuted:
    """A worker's channel closed, or carried what is no message (`why`), while it lives."""

    worker: int
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class WorkerEnded:
    """A worker's process is gone; `doing` is the last entry of its black box."""

    worker: int
    end: End
    doing: Blame


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalLent:
    """A worker got the terminal (a debugger): its clock stands still until it gives it back."""

    worker: int


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalReturned:
    """A worker gave the terminal back."""

    worker: int


@dataclasses.dataclass(frozen=True, slots=True)
class Requeued:
    """A plugin asked that a test whose process died be run again."""

    item: int


@dataclasses.dataclass(frozen=True, slots=True)
class StopAsked:
    """No further test is to start (`-x`, `--maxfail`, a plugin's `shouldstop`)."""

    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class Interrupted:
    """The user wants the run to end: cleanly the first time, at once the second."""


@dataclasses.dataclass(frozen=True, slots=True)
class KeeperLost:
    """The keeper is gone, and with it every process of the run."""

    end: End


@dataclasses.dataclass(frozen=True, slots=True)
class Tick:
    """Time passed."""


Event = Union[
    Begun, Collected, TemplateEnded, WorkerJoined, TestStarted, TestReported, TestFinished,
    WorkerLeaving, WorkerLeft, WorkerMuted, WorkerEnded, TerminalLent, TerminalReturned,
    Requeued, StopAsked, Interrupted, KeeperLost, Tick,
]  # fmt: skip

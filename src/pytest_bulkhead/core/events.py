"""Everything that can happen to a run. Frozen values; the journal is a list of them.

Processes are named by numbers that the run gives out, never by pids.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Union

from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item
from pytest_bulkhead.core.resources.capacity import Capacity


class Begun(NamedTuple):
    """The run begins."""


class Collected(NamedTuple):
    """A template has collected; `why_spawn` is empty when it may be forked."""

    template: int
    items: tuple[Item, ...]
    why_spawn: str = ""
    #: Somebody asked, while modules were imported, which worker this is.
    id_read: bool = False
    #: What there is for tests; None where none of them needs anything.
    capacity: Capacity | None = None


class TemplateEnded(NamedTuple):
    """A template ended; `collecting` is the node that it was collecting, empty for none."""

    template: int
    end: End
    collecting: str = ""


class WorkerJoined(NamedTuple):
    """A worker said its first word."""

    worker: int


class TestStarted(NamedTuple):
    """A worker is about to run a test; `fresh` when it is the first one in its process."""

    worker: int
    item: int
    fresh: bool = False


class TestReported(NamedTuple):
    """A phase of a test was reported."""

    worker: int
    item: int
    when: str
    outcome: str
    xfail: bool = False
    duration: float = 0.0


class TestFinished(NamedTuple):
    """A worker is done with a test, all its reports having been sent."""

    worker: int
    item: int


class WorkerLeaving(NamedTuple):
    """A worker finished its session; what is left are atexit functions and threads."""

    worker: int


class WorkerLeft(NamedTuple):
    """A worker did all it had to: the last word before it exits."""

    worker: int


class WorkerMuted(NamedTuple):
    """A worker's channel closed, or carried what is no message (`why`), while it lives."""

    worker: int
    why: str


class WorkerEnded(NamedTuple):
    """A worker's process is gone; `doing` is the last entry of its black box."""

    worker: int
    end: End
    doing: Blame


class CardsSeen(NamedTuple):
    """It was looked at the GPUs of a worker that is gone; nobody holds what it held, or these."""

    worker: int
    holders: tuple[str, ...] = ()


class Overdrawn(NamedTuple):
    """The processes of a worker use more memory than was granted, and that is not allowed."""

    worker: int
    why: str


class SpareEnded(NamedTuple):
    """A spare's process is gone."""

    worker: int
    end: End


class StageBusy(NamedTuple):
    """A stage of a worker sets wide fixtures up for a test, or tears them down after it."""

    worker: int
    item: int
    clearing: bool = False


class StageIdle(NamedTuple):
    """A stage is done with what it was busy with; `leaving` when all that is left is its end.

    The worker is 0 for the template, and the stage of the session in its stead.
    """

    worker: int
    leaving: bool = False


class StageUnforkable(NamedTuple):
    """A stage may not be forked for this reason: its tests run together in its process."""

    worker: int
    #: The node whose fixtures it has set up.
    place: str
    why: str


class CellEnded(NamedTuple):
    """A process that a worker forked ended without its last word; the worker itself goes on."""

    worker: int
    end: End
    doing: Blame


class TerminalLent(NamedTuple):
    """A worker got the terminal (a debugger): its clock stands still until it gives it back."""

    worker: int


class TerminalReturned(NamedTuple):
    """A worker gave the terminal back."""

    worker: int


class Requeued(NamedTuple):
    """A plugin asked that a test whose process died be run again."""

    item: int


class StopAsked(NamedTuple):
    """No further test is to start (`-x`, `--maxfail`, a plugin's `shouldstop`)."""

    reason: str


class Interrupted(NamedTuple):
    """The user wants the run to end: cleanly the first time, at once the second."""


class KeeperLost(NamedTuple):
    """The keeper is gone, and with it every process of the run."""

    end: End


class Tick(NamedTuple):
    """Time passed."""


TYPES: tuple[type[Any], ...] = (
    Begun, Collected, TemplateEnded, WorkerJoined, TestStarted, TestReported, TestFinished,
    WorkerLeaving, WorkerLeft, WorkerMuted, WorkerEnded, CardsSeen, Overdrawn, SpareEnded,
    StageBusy, StageIdle, StageUnforkable, CellEnded, TerminalLent, TerminalReturned, Requeued,
    StopAsked, Interrupted, KeeperLost, Tick,
)  # fmt: skip

Event = Union[
    Begun, Collected, TemplateEnded, WorkerJoined, TestStarted, TestReported, TestFinished,
    WorkerLeaving, WorkerLeft, WorkerMuted, WorkerEnded, CardsSeen, Overdrawn, SpareEnded,
    StageBusy, StageIdle, StageUnforkable, CellEnded, TerminalLent, TerminalReturned, Requeued,
    StopAsked, Interrupted, KeeperLost, Tick,
]  # fmt: skip

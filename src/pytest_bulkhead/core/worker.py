"""The life of one worker, as a table.

Theory of operation: a worker is started for one group and serves only that. It joins, runs the
shares that it is assigned, may be parked between two of them, is told to finish, leaves, and
ends. A stop is a request, so what it had already sent still arrives.

Invariants:

- A worker that ends without having left has crashed, even with exit code 0: its last word never
  came.
- `RUNNING` workers own a share; `PARKED` ones own none and count against no limit.
- What a row does not name cannot happen; it raises InvalidTransition with the worker's story.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import deque

from pytest_bulkhead.core import escalation
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.errors import InvalidTransition


class Stage(enum.Enum):
    """Where a worker is in its life."""

    STARTING = "starting"
    RUNNING = "running"
    PARKED = "parked"
    FINISHING = "finishing"
    LEAVING = "leaving"
    LEFT = "left"
    ENDED = "ended"


class Step(enum.Enum):
    """What moves a worker from stage to stage."""

    JOINED = "joined"
    SHARE_DONE = "share done"
    ASSIGNED = "assigned"
    FINISHED = "told to finish"
    LEAVES = "leaves"
    LEFT = "left"
    ENDED = "ended"


TRANSITIONS: dict[Stage, dict[Step, Stage]] = {
    Stage.STARTING: {
        Step.JOINED: Stage.RUNNING,
        Step.FINISHED: Stage.STARTING,
        Step.LEAVES: Stage.LEAVING,
        Step.ENDED: Stage.ENDED,
    },
    Stage.RUNNING: {
        Step.ASSIGNED: Stage.RUNNING,
        Step.SHARE_DONE: Stage.PARKED,
        Step.FINISHED: Stage.FINISHING,
        Step.LEAVES: Stage.LEAVING,
        Step.ENDED: Stage.ENDED,
    },
    Stage.PARKED: {
        Step.ASSIGNED: Stage.RUNNING,
        Step.FINISHED: Stage.FINISHING,
        Step.LEAVES: Stage.LEAVING,
        Step.ENDED: Stage.ENDED,
    },
    Stage.FINISHING: {
        Step.JOINED: Stage.FINISHING,
        Step.SHARE_DONE: Stage.FINISHING,
        Step.FINISHED: Stage.FINISHING,
        Step.LEAVES: Stage.LEAVING,
        Step.ENDED: Stage.ENDED,
    },
    Stage.LEAVING: {
        Step.LEFT: Stage.LEFT,
        Step.FINISHED: Stage.LEAVING,
        Step.ENDED: Stage.ENDED,
    },
    Stage.LEFT: {Step.FINISHED: Stage.LEFT, Step.ENDED: Stage.ENDED},
    Stage.ENDED: {},
}


@dataclasses.dataclass(slots=True)
class Worker:
    """A worker as the run sees it."""

    id: int
    slot: int
    group: int
    forked: bool
    stage: Stage = Stage.STARTING
    #: How many items are left of each share that it was given, oldest share first.
    queue: deque[int] = dataclasses.field(default_factory=deque)
    #: All and only the items that it was given and has not finished, in order.
    todo: deque[int] = dataclasses.field(default_factory=deque)
    #: All and only the items that it has finished, in order.
    done: list[int] = dataclasses.field(default_factory=list)
    #: The item in hand.
    item: int | None = None
    item_since: float = 0.0
    #: The instant at which patience ends, None for never.
    deadline: float | None = None
    #: Why it is being ended by us; empty when it is not.
    killed_for: str = ""
    #: The reason is that a limit of time passed.
    timed_out: bool = False
    #: The item in hand when its end was decided.
    kill_item: int | None = None
    #: The last step taken towards its end.
    step: escalation.Step | None = None
    #: Nothing follows the last of its shares.
    last_share: bool = False
    story: list[str] = dataclasses.field(default_factory=list)

    def move(self, step: Step) -> None:
        """Take a step.

        Raises:
            InvalidTransition: the table has no such move.
        """
        stage = TRANSITIONS[self.stage].get(step)
        self.story.append(f"{self.stage.value}: {step.value}")
        if stage is None:
            raise InvalidTransition(f"worker {self.id}: " + "; ".join(self.story))
        self.stage = stage

    def condemn(self, now: float) -> None:
        """Note why it must end: its deadline passed."""
        self.timed_out, self.kill_item = True, self.item
        if self.item is not None:
            self.killed_for = f"timeout: it ran for {now - self.item_since:.1f} s"
        else:
            self.killed_for = f"it hung in {self.phase.word}"

    def spare(self) -> None:
        """Forget its deadline: what it was late with is done."""
        self.deadline, self.step, self.kill_item = None, None, None
        self.killed_for, self.timed_out = "", False

    def share_done(self) -> bool:
        """Count a finished item; return whether a share was finished with it."""
        if not self.queue:
            return False
        self.queue[0] -= 1
        if self.queue[0] == 0:
            self.queue.popleft()
            return True
        return False

    @property
    def busy(self) -> bool:
        """Whether it counts against the number of tests that may run at once."""
        return self.stage not in (Stage.PARKED, Stage.LEFT, Stage.ENDED)

    @property
    def phase(self) -> Phase:
        """The phase outside tests that its stage stands for."""
        if self.stage is Stage.STARTING:
            return Phase.STARTING
        return Phase.LEAVING if self.stage is Stage.LEAVING else Phase.FINISHING

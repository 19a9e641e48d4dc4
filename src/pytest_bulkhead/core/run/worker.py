"""The life of one worker, as a table.

Theory of operation: a worker is started for one group and serves only that. It joins, runs the
shares that it is assigned, may be parked between two of them, is told to finish, leaves, and
ends. A stop is a request, so what it had already sent still arrives.

Invariants:

- A worker that ends without having left has crashed, even with exit code 0: its last word never
  came.
- A worker that left with tests undone, though nobody asked it to stop, has crashed too.
- `RUNNING` workers own a share; `PARKED` ones own none and count against no limit.
- What a row does not name cannot happen; it raises InvalidTransition with the worker's story.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pytest_bulkhead.core import escalation
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.errors import InvalidTransition

if TYPE_CHECKING:
    from pytest_bulkhead.core.run.attempts import Attempt

#: Steps of its life that a worker remembers, for the message of a bug.
STORY_LENGTH = 20


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
    #: It forks a process for each cell of its tests, and outlives them.
    staged: bool = False
    #: It may have to wait for the session's fixtures before it is forked.
    waits: bool = False
    #: It was a spare, and might have died as one.
    adopted: bool = False
    stage: Stage = Stage.STARTING
    #: How many items are left of each share that it was given, oldest share first.
    queue: deque[int] = dataclasses.field(default_factory=deque)
    #: All and only the items that it was given and has not finished, in order.
    todo: deque[int] = dataclasses.field(default_factory=deque)
    #: All and only the items that it has finished, in order.
    done: list[int] = dataclasses.field(default_factory=list)
    #: How many of those were finished before the process that is at work began.
    earlier: int = 0
    #: The item in hand.
    item: int | None = None
    item_since: float = 0.0
    #: The last test of the stage that tears its fixtures down now.
    clearing: int | None = None
    #: The instant at which patience ends, None for never.
    deadline: float | None = None
    #: It could run together what it had to, and leaves the rest to another one.
    unforkable: bool = False
    #: Why nothing more will be heard of it; empty as long as its channel is sound.
    muted: str = ""
    #: Why it is being ended by us; empty when it is not.
    killed_for: str = ""
    #: The reason is that a limit of time passed.
    timed_out: bool = False
    #: The reason is not its own doing.
    victim: bool = False
    #: The item in hand when its end was decided.
    kill_item: int | None = None
    #: The last step taken towards its end.
    step: escalation.Step | None = None
    #: Nothing follows the last of its shares.
    last_share: bool = False
    #: It runs its last test once more, and serves no group.
    attempt: Attempt | None = None
    story: deque[str] = dataclasses.field(default_factory=lambda: deque(maxlen=STORY_LENGTH))

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

    def give(self, items: Sequence[int], last: bool) -> None:
        """Give it a share; `last` when nothing follows that."""
        self.queue.append(len(items))
        self.todo.extend(items)
        self.last_share = last
        if self.stage is Stage.PARKED:
            self.move(Step.ASSIGNED)

    def start(self, item: int, now: float) -> None:
        """Put an item into its hand."""
        self.item, self.item_since = item, now

    def before(self) -> tuple[int, ...]:
        """Return the items that it finished in the process at work, oldest first."""
        return tuple(self.done[self.earlier :])

    def settle(self) -> None:
        """Take the item in hand, which has its final state, from its list."""
        if self.item is not None:
            self.todo.remove(self.item)
            self.done.append(self.item)
            self.item = None

    def share_done(self) -> bool:
        """Count a finished item; return whether a share was finished with it."""
        self.queue[0] -= 1
        if self.queue[0] == 0:
            self.queue.popleft()
            return True
        return False

    def condemn(self, why: str) -> None:
        """Note why it must end, unless that was noted before."""
        if not self.killed_for:
            self.killed_for, self.kill_item = why, self.item

    def orphan(self, why: str, now: float) -> None:
        """Note that its template is gone: the kernel ends it too (PR_SET_PDEATHSIG)."""
        if self.stage is not Stage.LEFT and not self.killed_for:
            self.condemn(why)
            self.victim, self.deadline = True, now + escalation.MUTE_LIMIT

    def mute(self, why: str, now: float) -> None:
        """Note that its channel is gone; that its own end did this may be heard later."""
        if self.stage is not Stage.LEFT and not self.muted:
            self.muted = why
            if not self.killed_for:
                self.deadline = now + escalation.MUTE_LIMIT

    def lose_patience(self, now: float) -> None:
        """Note that it must end because its deadline passed."""
        if self.killed_for or self.muted:
            self.condemn(self.muted)
            return
        self.timed_out = True
        if self.item is not None:
            self.condemn(f"timeout: it ran for {now - self.item_since:.1f} s")
        else:
            self.condemn("it hung")

    def escalate(self, step: escalation.Step | None, now: float, grace: float) -> escalation.Step:
        """Note a step towards its end, by default the one that follows the last; return it."""
        self.step = step or escalation.after(self.step)
        self.deadline = now + escalation.grace_of(self.step, grace)
        return self.step

    def revive(self) -> None:
        """Go on after one of its processes was ended: what that had done is settled."""
        self.killed_for, self.timed_out, self.muted = "", False, ""
        self.kill_item, self.step, self.deadline, self.clearing = None, None, None, None

    def spare(self) -> None:
        """Forget that it was late when what it was late with is done and no harm was done yet."""
        if self.timed_out and self.step in escalation.HARMLESS:
            self.deadline, self.step, self.kill_item = None, None, None
            self.killed_for, self.timed_out = "", False

    @property
    def retry(self) -> bool:
        """Whether it runs a test once more, to count."""
        return self.attempt is not None and self.attempt.counts

    @property
    def trial(self) -> bool:
        """Whether it runs a test once more, and nobody hears of what that reports."""
        return self.attempt is not None and not self.attempt.counts

    @property
    def busy(self) -> bool:
        """Whether it counts against the number of tests that may run at once."""
        return bool(self.todo) or self.stage not in (Stage.PARKED, Stage.LEFT, Stage.ENDED)

    @property
    def serving(self) -> bool:
        """Whether its group is still its own."""
        return bool(self.todo) or self.stage not in (Stage.LEFT, Stage.ENDED)

    @property
    def can_go_on(self) -> bool:
        """Whether a share can be sent behind those that it has: it waits for what follows them."""
        ending = self.last_share or bool(self.killed_for)
        return self.stage in (Stage.STARTING, Stage.RUNNING) and not ending

    @property
    def can_be_asked(self) -> bool:
        """Whether asking it to end makes sense: it has not left, and no harder step was taken."""
        harder = (escalation.Step.TERMINATE, escalation.Step.KILL)
        return self.stage is not Stage.LEFT and self.step not in harder

    @property
    def still_spare(self) -> bool:
        """Whether its death is one that it could have died before it was adopted."""
        return self.adopted and self.stage is Stage.STARTING and not self.killed_for

    @property
    def limit(self) -> float | None:
        """How many seconds what it does outside tests may last; None for no limit."""
        if self.stage is Stage.LEFT:
            return escalation.MUTE_LIMIT
        return escalation.limit_of(self.phase, self.forked and not self.waits)

    @property
    def phase(self) -> Phase:
        """The phase outside tests that its stage stands for."""
        return PHASES[self.stage]


PHASES = {
    Stage.STARTING: Phase.STARTING,
    Stage.RUNNING: Phase.BETWEEN,
    Stage.PARKED: Phase.BETWEEN,
    Stage.FINISHING: Phase.FINISHING,
    Stage.LEAVING: Phase.LEAVING,
    Stage.LEFT: Phase.LEAVING,
    Stage.ENDED: Phase.LEAVING,
}

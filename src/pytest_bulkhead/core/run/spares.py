"""Spares: interpreters that are started ahead of need, where workers cannot be forked.

Theory of operation: before its first test, a spawned worker imports conftests and heavy modules,
for seconds. So while workers run tests, the next interpreter starts, imports what most test files
import, and waits to be told which worker it is. A group that needs a process **adopts** it: it
becomes the worker of its own number. A spare carries no truth: it runs no test, so one that dies,
or has been adopted and dies before its first word, is only missed, and whoever needs a process then
starts one as if there were no spares.

Invariants:

- At most `policy.spares` spares wait, and only for processes that are expected to be started.
- A spare that died has no successor, and no other is adopted: what killed it would kill that too.
- No spare is alive once the run is closed.
"""

from __future__ import annotations

import dataclasses
import enum

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import escalation
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.roster import Roster
from pytest_bulkhead.errors import InvalidTransition


class Stage(enum.Enum):
    """Where a spare is in its life."""

    WAITING = "waiting"
    DISMISSED = "dismissed"
    GONE = "gone"


class Step(enum.Enum):
    """What moves a spare from stage to stage."""

    ADOPTED = "adopted"
    DISMISSED = "dismissed"
    ENDED = "ended"


TRANSITIONS: dict[Stage, dict[Step, Stage]] = {
    Stage.WAITING: {
        Step.ADOPTED: Stage.GONE,
        Step.DISMISSED: Stage.DISMISSED,
        Step.ENDED: Stage.GONE,
    },
    Stage.DISMISSED: {Step.ENDED: Stage.GONE},
    Stage.GONE: {},
}


@dataclasses.dataclass(slots=True)
class Spare:
    """A spare as the run sees it."""

    id: int
    stage: Stage = Stage.WAITING
    #: The instant at which patience with its end is over, None for never.
    deadline: float | None = None

    def move(self, step: Step) -> None:
        """Take a step.

        Raises:
            InvalidTransition: the table has no such move.
        """
        stage = TRANSITIONS[self.stage].get(step)
        if stage is None:
            raise InvalidTransition(f"spare {self.id}: {self.stage.value}: {step.value}")
        self.stage = stage


class Spares:
    """The spares of a run."""

    def __init__(self, policy: Policy, roster: Roster) -> None:
        self._policy = policy
        self._roster = roster
        #: All and only those whose processes may still be alive, oldest first.
        self.alive: dict[int, Spare] = {}
        #: Whether there may be any: nothing can be forked, nobody asked too early which worker it
        #: is, and none has died.
        self.allowed = False

    def next_deadline(self) -> float | None:
        """Return the instant at which patience with one of them ends; None for never."""
        deadlines = (spare.deadline for spare in self.alive.values())
        return min((instant for instant in deadlines if instant is not None), default=None)

    def keep(self, now: float, *, stopping: bool) -> list[do.Action]:
        """Start as many as will be needed; dismiss those that nobody will need."""
        waiting = [spare for spare in self.alive.values() if spare.stage is Stage.WAITING]
        wanted = 0
        if self.allowed and not stopping:
            wanted = self._roster.expected_starts(self._policy.spares)
        for spare in waiting[wanted:]:
            spare.move(Step.DISMISSED)
            spare.deadline = now + self._policy.grace
        dismissals: list[do.Action] = [do.Finish(spare.id) for spare in waiting[wanted:]]
        return dismissals + [self._start() for _ in range(len(waiting), wanted)]

    def _start(self) -> do.StartSpare:
        spare = Spare(self._roster.next_number())
        self.alive[spare.id] = spare
        return do.StartSpare(spare.id)

    def adopt(self) -> int:
        """Take the oldest one that waits for a worker; return its number, 0 for none."""
        for spare in self.alive.values():
            if self.allowed and spare.stage is Stage.WAITING:
                self._remove(spare, Step.ADOPTED)
                return spare.id
        return 0

    def bury(self, number: int) -> None:
        """Take the end of one into account.

        Raises:
            InvalidTransition: there is none of this number.
        """
        spare = self.alive.get(number)
        if spare is None:
            raise InvalidTransition(f"spare {number} is not alive")
        self.allowed = self.allowed and spare.stage is Stage.DISMISSED
        self._remove(spare, Step.ENDED)

    def _remove(self, spare: Spare, step: Step) -> None:
        spare.move(step)
        del self.alive[spare.id]

    def kill_late(self, now: float, *, all_of_them: bool = False) -> list[do.Action]:
        """Kill those that were dismissed and have not left in time."""
        late = [s for s in self.alive.values() if all_of_them or _is_late(s, now)]
        for spare in late:
            spare.deadline = now + escalation.grace_of(escalation.Step.KILL, 0.0)
        return [do.Escalate(spare.id, escalation.Step.KILL) for spare in late]


def _is_late(spare: Spare, now: float) -> bool:
    return spare.deadline is not None and spare.deadline <= now

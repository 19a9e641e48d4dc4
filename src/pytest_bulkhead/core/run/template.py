"""The life of the template, as a table, and when it is started again.

Theory of operation: a template collects and is then forked from (or, where forking is not safe,
released at once). If it dies while it collects a node, that node is doomed and another template
collects the rest: whatever killed a process is never run again unasked. If it dies later, or
without a node to blame, another one is started as long as the budget lasts.

Invariants:

- At most one template is alive.
- A node that killed a template is in the doomed set of every later one.
"""

from __future__ import annotations

import dataclasses
import enum

from pytest_bulkhead.core import escalation
from pytest_bulkhead.core.actions import Doomed
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.errors import InvalidTransition

#: Deaths without anybody to blame (killed from outside, out of memory) after which we give up.
#: One is bad luck; systemd's default is five in ten seconds, for services that cost nothing.
BLAMELESS_BUDGET = 2


class Stage(enum.Enum):
    """Where the template is in its life."""

    NONE = "none"
    COLLECTING = "collecting"
    READY = "ready"
    RELEASED = "released"
    ENDED = "ended"


class Step(enum.Enum):
    """What moves the template from stage to stage."""

    STARTED = "started"
    COLLECTED = "collected"
    RELEASED = "released"
    ENDED = "ended"


TRANSITIONS: dict[Stage, dict[Step, Stage]] = {
    Stage.NONE: {Step.STARTED: Stage.COLLECTING},
    Stage.COLLECTING: {
        Step.COLLECTED: Stage.READY,
        Step.RELEASED: Stage.RELEASED,
        Step.ENDED: Stage.ENDED,
    },
    Stage.READY: {Step.RELEASED: Stage.RELEASED, Step.ENDED: Stage.ENDED},
    Stage.RELEASED: {
        Step.COLLECTED: Stage.RELEASED,
        Step.RELEASED: Stage.RELEASED,
        Step.ENDED: Stage.ENDED,
    },
    Stage.ENDED: {Step.STARTED: Stage.COLLECTING, Step.RELEASED: Stage.ENDED},
}


@dataclasses.dataclass(slots=True)
class Template:
    """The template as the run sees it; `id` changes with each new process."""

    id: int = 0
    stage: Stage = Stage.NONE
    blameless_deaths: int = 0
    #: {node: why it is not collected}
    doomed: dict[str, str] = dataclasses.field(default_factory=dict)
    #: The instant at which patience with its end is over, None for never.
    deadline: float | None = None
    #: The last step taken towards its end.
    step: escalation.Step | None = None

    def move(self, step: Step) -> None:
        """Take a step.

        Raises:
            InvalidTransition: the table has no such move.
        """
        stage = TRANSITIONS[self.stage].get(step)
        if stage is None:
            raise InvalidTransition(f"template {self.id}: {self.stage.value}: {step.value}")
        self.stage = stage
        if step is Step.STARTED:
            self.id += 1
            self.step = None
        elif step is Step.ENDED:
            self.deadline = None

    def escalate(self, step: escalation.Step | None, now: float, grace: float) -> escalation.Step:
        """Note a step towards its end, by default the one that follows the last; return it."""
        self.step = step or escalation.after(self.step)
        self.deadline = now + escalation.grace_of(self.step, grace)
        return self.step

    def expect_end(self, now: float) -> None:
        """Begin to wait for the end of one that was released and has nothing left to do."""
        if self.step is None and self.stage is Stage.RELEASED:
            self.deadline = now + escalation.LEAVE_LIMIT

    def bury(self, end: End, collecting: str) -> bool:
        """Take a death into account; return whether another template may be started."""
        if collecting and collecting not in self.doomed:
            self.doomed[collecting] = str(end)
            return True
        self.blameless_deaths += 1
        return self.blameless_deaths < BLAMELESS_BUDGET

    def exclusions(self) -> tuple[Doomed, ...]:
        """Return what a new template must not collect."""
        return tuple(Doomed(node, why) for node, why in self.doomed.items())

    @property
    def alive(self) -> bool:
        """Whether a process of it exists."""
        return self.stage not in (Stage.NONE, Stage.ENDED)

    @property
    def expected(self) -> bool:
        """Whether it has still to say what there is to run."""
        return self.stage in (Stage.NONE, Stage.COLLECTING)

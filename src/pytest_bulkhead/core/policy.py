"""What the user asked for, as far as decisions need it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from pytest_bulkhead.core.escalation import LEAVE_LIMIT, TERMINATE_GRACE
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.levels import Level


class GpuRelease(NamedTuple):
    """What is done about memory of a GPU that stays in use when its worker is gone."""

    #: "wait" for it, "warn" and go on, or go on and let the run "fail".
    policy: str = "warn"
    #: Seconds for which it is waited for in any case.
    grace: float = 60.0


class Policy(NamedTuple):
    """What the user asked for."""

    level: Level = Level.SESSION
    #: How many tests may run at once.
    workers: int = 1
    #: Never fork a worker.
    spawn: bool = False
    #: Never spawn one where forking is safe, even for tests that take a GPU.
    fork: bool = False
    #: Seconds that a test may take unless its mark says otherwise; None for no limit.
    timeout: float | None = None
    #: Seconds that are added to the limit of a test, because a plugin in the worker enforces it
    #: first.
    slack: float = 0.0
    #: Seconds from SIGTERM to SIGKILL.
    grace: float = TERMINATE_GRACE
    #: {node id: seconds} of earlier runs.
    durations: Mapping[str, float] = MappingProxyType({})
    #: Set fixtures that are wider than the isolation level up once for many tests.
    stage: bool = False
    #: The seed of the run's random streams; negative for leaving them alone.
    seed: int = -1
    #: How many interpreters may be started ahead of need where processes cannot be forked.
    spares: int = 0
    #: What is done about GPU memory that has not come back in time.
    gpu_release: GpuRelease = GpuRelease()
    #: Whose end is looked into by running them once more, unheard: "off", "crashes", or "failures"
    #: for those and crashes.
    verify: str = "off"
    #: How often a test is run again whose process died.
    retries: int = 0
    #: After so many retries of a run there are no more.
    retry_budget: int = 10
    #: Seconds for the search of the earlier tests that make one break; 0 for no search.
    bisect: float = 0.0
    #: A worker's interpreter is finalised, and what comes of that counts.
    clean_exit: bool = False

    @property
    def why_spawn(self) -> str:
        """Why the user wants no worker to be forked; empty when that is open."""
        if self.clean_exit:
            return "isolate_exit = clean"
        return "isolate_start = spawn" if self.spawn else ""

    @property
    def shares(self) -> bool:
        """Whether the session's fixtures are set up once for all workers, at once or in turn.

        One staged worker sets them up itself, each when the first test needs it.
        """
        alone = self.workers == 1 and self.level.narrow
        return self.stage and self.level > Level.SESSION and not alone

    @property
    def shares_models(self) -> bool:
        """Whether the template may load models first, for all workers."""
        return self.shares or (self.stage and self.level is Level.SESSION and self.workers > 1)

    @property
    def clear_limit(self) -> float | None:
        """Seconds that the template may take to tear those down and leave; None for no limit."""
        return self.timeout + self.slack + LEAVE_LIMIT if self.timeout else None

    def limit_of(self, item: Item) -> float | None:
        """Return how many seconds a test may take; None for no limit, as is a mark with 0."""
        limit = self.timeout if item.timeout is None else item.timeout
        return limit + self.slack if limit else None

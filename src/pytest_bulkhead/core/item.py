"""An item: a collected test, as much of it as decisions need."""

from __future__ import annotations

import dataclasses
import enum
from typing import NamedTuple

from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.resources.needs import NOTHING, Needs


class Scopes(NamedTuple):
    """The instances of the wider scopes that a test belongs to, by name; empty when it has none."""

    package: str
    module: str
    cls: str


@dataclasses.dataclass(frozen=True, slots=True)
class Item:
    """A collected test. Its node id is an identity: never altered, parsed or compared by part."""

    index: int
    nodeid: str
    scopes: Scopes
    #: The level that its marks ask for; SESSION when they ask for nothing.
    level: Level = Level.SESSION
    #: The group that its marks name.
    group: str | None = None
    #: Seconds that it may take, of its mark; None when it has no such mark.
    timeout: float | None = None
    #: What it takes of the machine, by its marks.
    needs: Needs = NOTHING


class Phase(enum.IntEnum):
    """Where a process is; written to the black box before each step."""

    STARTING = 0
    BETWEEN = 1
    SETUP = 2
    CALL = 3
    TEARDOWN = 4
    FINISHING = 5
    LEAVING = 6
    COLLECTING = 7

    @property
    def in_test(self) -> bool:
        """Whether a test owns the process in this phase."""
        return Phase.SETUP <= self <= Phase.TEARDOWN

    @property
    def word(self) -> str:
        """The phase's name as people read it."""
        return _WORDS[self]


_WORDS = {
    Phase.STARTING: "start-up",
    Phase.BETWEEN: "between tests",
    Phase.SETUP: "setup",
    Phase.CALL: "call",
    Phase.TEARDOWN: "teardown",
    Phase.FINISHING: "session finish",
    Phase.LEAVING: "interpreter exit",
    Phase.COLLECTING: "collection",
}


class Blame(NamedTuple):
    """What a process was about to do when it last wrote to its black box."""

    phase: Phase = Phase.STARTING
    #: The item in hand, -1 for none.
    item: int = -1
    #: The fixture in hand (`scope name of node`), or the node being collected; empty for none.
    subject: str = ""
    #: When the phase began, on the clock of `time.monotonic`.
    since: float = 0.0

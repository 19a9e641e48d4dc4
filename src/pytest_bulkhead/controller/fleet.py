"""The processes of the run, as the controller holds them."""

from __future__ import annotations

import contextlib
import dataclasses
import selectors
from collections.abc import Collection, Iterator

from pytest_bulkhead.controller.holding import Held
from pytest_bulkhead.controller.node import WorkerNode
from pytest_bulkhead.core.crash.evidence import Forked
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.guards.findings import Finding
from pytest_bulkhead.system import linux
from pytest_bulkhead.system.berth import Hull
from pytest_bulkhead.system.endpoint import Endpoint


@dataclasses.dataclass(eq=False, repr=False)
class Craft:
    """A template, a worker or a spare, from its order to its end."""

    #: The number by which the run knows it; templates' numbers are negative.
    process: int
    hull: Hull
    #: How plugins know it; a spare has none yet.
    node: WorkerNode = dataclasses.field(init=False)
    pid: int = 0
    #: The template that it was forked from, 0 when it was not.
    parent: int = 0
    #: It sent what is no message, or its channel closed: nothing more is taken from it.
    mute: bool = False
    #: It waits to be told which worker it is.
    spare: bool = False
    #: Processes below it speak for it, by a line of their own.
    staged: bool = False
    #: Why no test could run in it, by its own word.
    refused: str = ""
    #: Why nothing more is taken from it, when it sent what is no message.
    garbled: str = ""
    #: The sections of the last report of the test in hand.
    sections: tuple[tuple[str, str], ...] = ()
    #: What its last report told that the next may leave out (`messages.TOLD_ONCE`).
    told: dict[str, object] = dataclasses.field(default_factory=dict)
    #: The report of its latest test's teardown, which a stage below it may add to.
    held: Held | None = None
    #: What guards found in it or below it, and nobody has put back: (during which test, what).
    found: list[tuple[int, Finding]] = dataclasses.field(default_factory=list)
    #: What the process at work had forked, when its test took too long.
    forked: tuple[Forked, ...] = ()
    #: It said that it has left.
    left: bool = False

    @property
    def answers(self) -> Endpoint:
        """Where who asks something waits for the answer."""
        return self.hull.line if self.staged else self.hull.endpoint

    def left_there(self, before: Collection[int]) -> tuple[Finding, ...]:
        """Return what guards found in the process at work.

        Args:
            before: the latest tests that had run in it. Below a staged worker that tells its
                findings from those in processes that are gone.
        """
        return tuple(one for item, one in self.found if not self.staged or item in before)

    def at_work(self) -> int:
        """Return the pid of the process that is at work: below a staged worker, or itself."""
        pid = self.hull.page.tail().process
        return pid if pid and linux.is_below(pid, self.pid) else self.pid

    @property
    def is_template(self) -> bool:
        """Whether it is a template."""
        return self.process < 0


class Fleet:
    """All crafts, by number, by pid and by channel."""

    def __init__(self, selector: selectors.BaseSelector) -> None:
        self._selector = selector
        self._crafts: dict[int, Craft] = {}
        #: Ends of processes that ended before we were told their pid.
        self._early_ends: dict[int, End] = {}

    def __iter__(self) -> Iterator[Craft]:
        return iter(list(self._crafts.values()))

    def __len__(self) -> int:
        return len(self._crafts)

    def add(self, craft: Craft) -> None:
        """Take a craft in and listen to it."""
        self._crafts[craft.process] = craft
        self._selector.register(craft.hull.endpoint, selectors.EVENT_READ, craft)
        if craft.staged:
            self._selector.register(craft.hull.line, selectors.EVENT_READ, craft)

    def get(self, process: int) -> Craft | None:
        """Return a craft by its number."""
        return self._crafts.get(process)

    def orphans(self) -> list[Craft]:
        """Return the crafts whose template has ended before them."""
        return [c for c in self._crafts.values() if c.parent and c.parent not in self._crafts]

    def of_pid(self, pid: int) -> Craft | None:
        """Return a craft by its pid."""
        return next((craft for craft in self._crafts.values() if craft.pid == pid), None)

    def started(self, process: int, pid: int) -> End | None:
        """Note a pid; return the end of its process when that came first."""
        if process in self._crafts:
            self._crafts[process].pid = pid
        return self._early_ends.pop(pid, None)

    def ended_early(self, pid: int, end: End) -> None:
        """Note the end of a process whose pid nobody has named yet."""
        self._early_ends[pid] = end

    def listen(self, craft: Craft) -> None:
        """Listen to a craft, and wake when it can be sent what waits for it."""
        waits = selectors.EVENT_WRITE if craft.hull.endpoint.pending else 0
        if not craft.mute:
            self._selector.modify(craft.hull.endpoint, selectors.EVENT_READ | waits, craft)

    def silence(self, craft: Craft) -> None:
        """Listen to a craft no more; it is still alive."""
        if not craft.mute:
            craft.mute = True
            self._selector.unregister(craft.hull.endpoint)
            self.silence_line(craft)

    def silence_line(self, craft: Craft) -> None:
        """Listen no more to those below a craft."""
        if craft.staged:
            with contextlib.suppress(KeyError):  # it was closed before
                self._selector.unregister(craft.hull.line)

    def remove(self, craft: Craft) -> None:
        """Let go of a craft that has ended."""
        self.silence(craft)
        del self._crafts[craft.process]
        craft.hull.close()

"""Everything a run can want done. Frozen values: a decision returns them, a shell performs them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Union

from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.escalation import Step
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.resources.capacity import NOTHING, Grant

if TYPE_CHECKING:
    from pytest_bulkhead.core.again.inquiry import Answer


class Doomed(NamedTuple):
    """Something whose set-up or import killed a process: it fails now instead of running again."""

    #: The fixture (`scope name of node`) or the node that was being collected.
    subject: str
    why: str


class StartTemplate(NamedTuple):
    """Start a template that collects all but the doomed nodes."""

    template: int
    doomed: tuple[Doomed, ...]


class ReleaseTemplate(NamedTuple):
    """Let the template go: nothing will be forked from it any more."""

    template: int


class StartWorker(NamedTuple):
    """Start a worker for a group; `slot` is the number of its worker id."""

    worker: int
    slot: int
    group: int
    fork: bool
    doomed: tuple[Doomed, ...]
    #: Of its random streams; negative for leaving them alone.
    seed: int = -1
    #: The scope of the cells for each of which it forks a process; empty when it runs all itself.
    staged: str = ""
    #: A spare of this number becomes it.
    adopted: bool = False
    #: What it holds of the machine.
    grant: Grant = NOTHING


class StartSpare(NamedTuple):
    """Start an interpreter ahead of need; it may become the worker of this number."""

    worker: int


class Assign(NamedTuple):
    """Give a worker tests; `then` is the item that will follow them in that process."""

    worker: int
    items: tuple[int, ...]
    then: int
    #: How many of the items share a process, cell by cell; empty for all of them.
    cells: tuple[int, ...] = ()


#: `Assign.then`: nothing follows, so the last test tears everything down.
END = -1
#: `Assign.then`: what follows is open; the last test tears down all but the session.
OPEN = -2


class Condemn(NamedTuple):
    """Tell a worker that is alive what must not be set up again."""

    worker: int
    doomed: Doomed


class Finish(NamedTuple):
    """Tell a worker that nothing follows, or a spare that nobody needs it."""

    worker: int


class Stop(NamedTuple):
    """Tell a worker to start no further test."""

    worker: int


class Escalate(NamedTuple):
    """Take a step towards the end of a process: a worker's, a spare's, or the template's for 0.

    Of a staged worker, the process that is at work is meant, unless it is to end `whole`.
    """

    worker: int
    step: Step
    whole: bool = False


class ReportCrash(NamedTuple):
    """Tell pytest that a test's process died, or was ended, while the test owned it."""

    worker: int
    item: int
    phase: Phase
    subject: str
    end: End
    #: Seconds that the test had been running.
    seconds: float
    #: Why we ended it; empty when it died by itself.
    killed_for: str = ""
    timed_out: bool = False
    #: Its own reports had decided how it ended: this is an error at teardown.
    decided: bool = False
    #: How many items of its share go on in a new process.
    rest: int = 0
    #: The tests that ran before it in that process, oldest first.
    before: tuple[int, ...] = ()
    #: It is run again: this does not count yet.
    again: bool = False
    #: The how many-th attempt at it this was.
    attempt: int = 1


class TellWithheld(NamedTuple):
    """Tell of a crash for good: the attempt that was to follow has not been made, or not whole."""

    item: int


class ReportAnswer(NamedTuple):
    """Tell what running a test once more has shown of it."""

    item: int
    answer: Answer
    #: The tests that ran before it in its process, oldest first.
    before: tuple[int, ...]


class ReportBreach(NamedTuple):
    """Tell pytest of a death that no test owned: an error of the run."""

    worker: int
    phase: Phase
    subject: str
    end: End
    killed_for: str
    #: The tests that had run in that process, in order.
    items: tuple[int, ...]


class LookAtCards(NamedTuple):
    """Look whether the GPUs of a worker that is gone have their memory back: `ev.CardsSeen`."""

    worker: int


class ReportHeld(NamedTuple):
    """Tell who still holds memory of a GPU that tests were granted."""

    worker: int
    holders: tuple[str, ...]
    #: Seconds since the worker's end.
    seconds: float
    #: The tests that had run in that process, in order.
    items: tuple[int, ...]


class GiveUp(NamedTuple):
    """The run cannot go on; the items that have not run stay so."""

    reason: str


class Close(NamedTuple):
    """All is done: every process of the run is gone."""


Action = Union[
    StartTemplate, ReleaseTemplate, StartWorker, StartSpare, Assign, Condemn, Finish, Stop,
    Escalate, ReportCrash, TellWithheld, ReportAnswer, ReportBreach, LookAtCards, ReportHeld,
    GiveUp, Close,
]  # fmt: skip

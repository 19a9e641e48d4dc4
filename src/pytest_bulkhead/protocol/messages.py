"""The messages: what the processes of a run say to each other.

PROTOCOL_VERSION history:
    1  the first.

Both ends are always of one installation, so there is no negotiation: the version stands in the
journal, and a spawned process that greets with another one is refused.
"""

from __future__ import annotations

from typing import Any, NamedTuple, Union

PROTOCOL_VERSION = 1

#: A JSON value with the tags of `values`; what it means is between pytest's own two hooks.
Plain = Any


# -- to the keeper -----------------------------------------------------------------------------


class ForkTemplate(NamedTuple):
    """Fork a template from yourself. Carries descriptors."""

    process: int


class Spawn(NamedTuple):
    """Start an interpreter. Carries descriptors, whose numbers it learns from its environment."""

    process: int
    #: "template" or "worker".
    kind: str
    argv: tuple[str, ...]
    environ: Plain


# -- from the keeper, and from the template about its forks -------------------------------------


class Started(NamedTuple):
    """A process was started."""

    process: int
    pid: int


class NotStarted(NamedTuple):
    """A process could not be started."""

    process: int
    why: str


class Reaped(NamedTuple):
    """A process ended, with this status of wait(2) and this peak memory in KiB."""

    pid: int
    status: int
    peak_kib: int
    #: The program that it had become by exec, empty for none.
    became: str


# -- to templates and workers ------------------------------------------------------------------


class Welcome(NamedTuple):
    """Who you are: the first message to a template, and to a spawned worker."""

    workerinput: Plain
    environ: Plain
    #: [[subject, why], ...]: what fails now instead of running.
    doomed: Plain
    #: {item: node id} for a spawned worker, whose own numbers may differ.
    names: Plain
    #: How many workers there may be at once.
    workers: int
    #: Of its random streams; negative for leaving them alone.
    seed: int
    #: It sets the session's fixtures up for all of those.
    shares: bool
    #: Seconds that this may take.
    limit: Plain
    #: It is not to be forked, whether or not it may be.
    spawns: bool


class Warm(NamedTuple):
    """Import these modules, and wait to be told who you are: the first message to a spare."""

    #: [[module, where it is], ...]: one that would come from elsewhere is left out.
    modules: Plain


class Fork(NamedTuple):
    """Fork a worker from yourself. Carries descriptors."""

    process: int
    workerinput: Plain
    doomed: Plain
    #: Of its random streams; negative for leaving them alone.
    seed: int
    #: The scope of the cells for each of which it forks a process; empty when it runs all itself.
    staged: str
    #: {variable: value}: what it is granted.
    environ: Plain


class Assign(NamedTuple):
    """Run the items of these spans; `then` is the item that follows, or `actions.END` or `OPEN`.

    For a staged worker, each span is a cell: tests that share a process.
    """

    spans: tuple[int, ...]
    then: int


class Condemned(NamedTuple):
    """A fixture ended a process that set it up: do not set it up again."""

    subject: str
    why: str


class Finish(NamedTuple):
    """Nothing follows what you were given; to a spare, nothing at all."""


class Stop(NamedTuple):
    """Start no further test."""


class TerminalGranted(NamedTuple):
    """The terminal is yours until you return it."""


class GoOn(NamedTuple):
    """What follows from what you said is on its way, and shown."""


class Buried(NamedTuple):
    """The traces of the process that fell have been read."""


class BasetempGranted(NamedTuple):
    """The folder in which tmp_path makes its own; empty for pytest's own choice."""

    path: str


# -- from templates and workers ------------------------------------------------------------------


class Hello(NamedTuple):
    """The first word of every process."""

    pid: int
    version: int


class CollectReported(NamedTuple):
    """A collect report, as `pytest_report_to_serializable` gives it."""

    report: Plain


class Gathered(NamedTuple):
    """Collection is over."""

    #: [[node id, package, module, class, level, group, timeout, needs], ...]; of the needs, the
    #: fields of `core.resources.needs.Needs`, or none.
    items: Plain
    #: [[file, line, domain], ...] in the order of the items.
    locations: Plain
    deselected: int
    #: What plugins said of the collection, for the terminal.
    lines: tuple[str, ...]
    why_spawn: str
    #: Somebody asked, while modules were imported, which worker this is.
    id_read: bool
    #: [[module, where it is], ...]: what most test files import, where processes are spawned.
    common: Plain
    #: The fields of `core.resources.capacity.Capacity`; none where no test needs anything.
    capacity: Plain


class Refused(NamedTuple):
    """The session ended before a test could run: `kind` is usage, exit or internal."""

    kind: str
    text: str
    code: int


class Progress(NamedTuple):
    """One test is finished, another begins; -1 for none."""

    finished: int
    started: int


#: Keys of a report that are left out when the last report of the same test had the same values.
TOLD_ONCE = ("nodeid", "location", "keywords")


class Reported(NamedTuple):
    """A report of the test in hand, as `pytest_report_to_serializable` gives it.

    Keys of `TOLD_ONCE` that are missing are those of the test's report before.
    """

    item: int
    report: Plain


class Recorded(NamedTuple):
    """A warning that pytest recorded."""

    text: str
    category: str
    module: str
    filename: str
    line: int
    when: str
    nodeid: str
    location: Plain


class Live(NamedTuple):
    """Text for the terminal while tests run (`log_cli`), or a headline of this character."""

    text: str
    sep: str


class Leaked(NamedTuple):
    """A process that a test left running, and that was ended."""

    pid: int
    command: str
    #: The test, -1 when only the time of its start can tell.
    item: int
    #: When it was started, in milliseconds of the monotonic clock.
    since_ms: int


class Found(NamedTuple):
    """What a test, a fixture or a module left behind, by a guard's word."""

    guard: str
    texts: tuple[str, ...]
    #: A node id, or a fixture as the black box names it.
    blamed: str
    #: A value of `core.guards.findings.Done`.
    done: str
    #: The test after which it was found, -1 for none.
    item: int


class Imported(NamedTuple):
    """What a process paid for imports on one occasion."""

    #: A value of `core.item.Phase`.
    phase: int
    #: The node id of a test, or of what was collected; empty for none.
    subject: str
    #: [[package, own, total, grown, place, times], ...]: the fields of `core.doctor.imports.Paid`.
    rows: Plain


class Clashed(NamedTuple):
    """What a process has imported and gets into each other's way."""

    texts: tuple[str, ...]


class BasetempWanted(NamedTuple):
    """A test uses tmp_path, the first in this process; the sender waits for `BasetempGranted`."""


class Paused(NamedTuple):
    """What I said may stop the run, or has to be shown first; the sender waits for `GoOn`."""


class TerminalWanted(NamedTuple):
    """A debugger needs the terminal; the sender waits for `TerminalGranted`."""


class TerminalReturned(NamedTuple):
    """The debugger is done."""


class Preparing(NamedTuple):
    """A stage sets wide fixtures up for a test."""

    item: int


class Clearing(NamedTuple):
    """A stage tears its fixtures down after its last test."""

    item: int


class Prepared(NamedTuple):
    """A stage is done with what it was busy with; `leaving` when all that is left is its end."""

    leaving: bool


class Unforkable(NamedTuple):
    """A stage may not be forked: its tests run together in its process."""

    place: str
    why: str


class Fell(NamedTuple):
    """A process below the sender ended without its last word, with this status of wait(2).

    The sender waits for `Buried`: the black box and the files have to be read first.
    """

    status: int
    peak_kib: int
    became: str


class Parting(NamedTuple):
    """What a process below a worker leaves to its session; the sender waits for `GoOn`.

    The fields are those of `Goodbye`.
    """

    workeroutput: Plain
    should_stop: str
    failed: bool
    exit_code: int


class Goodbye(NamedTuple):
    """The session is finished."""

    workeroutput: Plain
    #: Why no further test should start, empty for no reason.
    should_stop: str
    #: `shouldfail` rather than `shouldstop`.
    failed: bool
    #: The return code of `pytest.exit`, -1 when it was not called.
    exit_code: int


class Left(NamedTuple):
    """The last word before the process exits."""


Message = Union[
    ForkTemplate, Spawn, Started, NotStarted, Reaped, Welcome, Warm, Fork, Assign, Finish, Stop,
    Condemned, TerminalGranted, BasetempGranted, GoOn, Buried, Hello, CollectReported, Gathered,
    Refused, Progress, Reported, Recorded, Live, Leaked, Found, Imported, Clashed, BasetempWanted,
    Paused, TerminalWanted, TerminalReturned, Preparing, Clearing, Prepared, Unforkable, Fell,
    Parting, Goodbye, Left,
]  # fmt: skip

TYPES: tuple[type[Any], ...] = (
    ForkTemplate, Spawn, Started, NotStarted, Reaped, Welcome, Warm, Fork, Assign, Finish, Stop,
    Condemned, TerminalGranted, BasetempGranted, GoOn, Buried, Hello, CollectReported, Gathered,
    Refused, Progress, Reported, Recorded, Live, Leaked, Found, Imported, Clashed, BasetempWanted,
    Paused, TerminalWanted, TerminalReturned, Preparing, Clearing, Prepared, Unforkable, Fell,
    Parting, Goodbye, Left,
)  # fmt: skip

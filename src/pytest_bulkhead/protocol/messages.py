"""The messages: what the processes of a run say to each other.

PROTOCOL_VERSION history:
    1  the first.

Both ends are always of one installation, so there is no negotiation: the version stands in the
journal, and a spawned process that greets with another one is refused.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Union

PROTOCOL_VERSION = 1

#: A JSON value with the tags of `values`; what it means is between pytest's own two hooks.
Plain = Any


# -- to the keeper -----------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class ForkTemplate:
    """Fork a template from yourself. Carries descriptors."""

    process: int


@dataclasses.dataclass(frozen=True, slots=True)
class Spawn:
    """Start an interpreter. Carries descriptors, whose numbers it learns from its environment."""

    process: int
    #: "template" or "worker".
    kind: str
    argv: tuple[str, ...]
    environ: Plain


# -- from the keeper, and from the template about its forks -------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Started:
    """A process was started."""

    process: int
    pid: int


@dataclasses.dataclass(frozen=True, slots=True)
class NotStarted:
    """A process could not be started."""

    process: int
    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Reaped:
    """A process ended, with this status of wait(2) and this peak memory in KiB."""

    pid: int
    status: int
    peak_kib: int


# -- to templates and workers ------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Welcome:
    """Who you are: the first message to a template, and to a spawned worker."""

    workerinput: Plain
    environ: Plain
    #: The folder for tmp_path, empty for pytest's own choice.
    basetemp: str
    #: [[subject, why], ...]: what fails now instead of running.
    doomed: Plain
    #: {item: node id} for a spawned worker, whose own numbers may differ.
    names: Plain
    #: How many workers there may be at once.
    workers: int


@dataclasses.dataclass(frozen=True, slots=True)
class Fork:
    """Fork a worker from yourself. Carries descriptors."""

    process: int
    workerinput: Plain
    basetemp: str
    doomed: Plain


@dataclasses.dataclass(frozen=True, slots=True)
class Assign:
    """Run the items of these spans; `then` is the item that follows, or `actions.END` or `OPEN`."""

    spans: tuple[int, ...]
    then: int


@dataclasses.dataclass(frozen=True, slots=True)
class Finish:
    """Nothing follows what you were given."""


@dataclasses.dataclass(frozen=True, slots=True)
class Stop:
    """Start no further test."""


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalGranted:
    """The terminal is yours until you return it."""


# -- from templates and workers ------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, slots=True)
class Hello:
    """The first word of every process."""

    pid: int
    version: int


@dataclasses.dataclass(frozen=True, slots=True)
class CollectReported:
    """A collect report, as `pytest_report_to_serializable` gives it."""

    report: Plain


@dataclasses.dataclass(frozen=True, slots=True)
class Gathered:
    """Collection is over."""

    #: [[node id, package, module, class, level, group, timeout], ...]
    items: Plain
    #: [[file, line, domain], ...] in the order of the items.
    locations: Plain
    deselected: int
    #: What plugins said of the collection, for the terminal.
    lines: tuple[str, ...]
    why_spawn: str


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """The session ended before a test could run: `kind` is usage, exit or internal."""

    kind: str
    text: str
    code: int


@dataclasses.dataclass(frozen=True, slots=True)
class Progress:
    """One test is finished, another begins; -1 for none."""

    finished: int
    started: int


@dataclasses.dataclass(frozen=True, slots=True)
class Reported:
    """A report of the test in hand, as `pytest_report_to_serializable` gives it."""

    item: int
    report: Plain


@dataclasses.dataclass(frozen=True, slots=True)
class Recorded:
    """A warning that pytest recorded."""

    text: str
    category: str
    module: str
    filename: str
    line: int
    when: str
    nodeid: str
    location: Plain


@dataclasses.dataclass(frozen=True, slots=True)
class Live:
    """A line for the terminal while tests run (`log_cli`)."""

    text: str


@dataclasses.dataclass(frozen=True, slots=True)
class Leaked:
    """A process that a test left running."""

    pid: int
    command: str
    item: int


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalWanted:
    """A debugger needs the terminal; the sender waits for `TerminalGranted`."""


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalReturned:
    """The debugger is done."""


@dataclasses.dataclass(frozen=True, slots=True)
class Goodbye:
    """The session is finished."""

    workeroutput: Plain
    #: Why no further test should start, empty for no reason.
    should_stop: str
    #: `shouldfail` rather than `shouldstop`.
    failed: bool
    #: The return code of `pytest.exit`, -1 when it was not called.
    exit_code: int


@dataclasses.dataclass(frozen=True, slots=True)
class Left:
    """The last word before the process exits."""


Message = Union[
    ForkTemplate, Spawn, Started, NotStarted, Reaped, Welcome, Fork, Assign, Finish, Stop,
    TerminalGranted, Hello, CollectReported, Gathered, Refused, Progress, Reported, Recorded,
    Live, Leaked, TerminalWanted, TerminalReturned, Goodbye, Left,
]  # fmt: skip

TYPES: tuple[type[Any], ...] = (
    ForkTemplate, Spawn, Started, NotStarted, Reaped, Welcome, Fork, Assign, Finish, Stop,
    TerminalGranted, Hello, CollectReported, Gathered, Refused, Progress, Reported, Recorded,
    Live, Leaked, TerminalWanted, TerminalReturned, Goodbye, Left,
)  # fmt: skip

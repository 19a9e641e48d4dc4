"""The evidence of a crash: facts, as far as they could be had. What they mean is said elsewhere."""

from __future__ import annotations

import enum
from typing import NamedTuple

from pytest_bulkhead.core.crash.standstill import Standstill
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.guards.findings import Finding
from pytest_bulkhead.core.item import Phase


class Forked(NamedTuple):
    """A process that the one at work had forked, as it was when time was up."""

    pid: int
    #: It had one thread, and that waited for a lock.
    waits: bool
    #: Libraries loaded in it that keep a pool of threads.
    pools: tuple[str, ...]


class Evidence(NamedTuple):
    """What is known of the death of a process."""

    nodeid: str
    worker: str
    phase: Phase
    #: The fixture in hand (`scope name of node`), empty for none.
    subject: str
    end: End
    #: Seconds that the test had been running.
    seconds: float = 0.0
    #: Why we ended it, empty when it died by itself.
    killed_for: str = ""
    timed_out: bool = False
    #: The test's own reports had decided before: this is an error at teardown.
    decided: bool = False
    #: What faulthandler wrote: the Python stacks of all threads.
    stacks: str = ""
    #: The command that runs just this test again.
    command: str = ""
    #: Tests of the group that go on in a new process.
    rest: int = 0
    #: The tests that had run in that process before, in order.
    before: tuple[str, ...] = ()
    #: The file that has all of them; empty where none is written.
    journal: str = ""
    #: What they left there, of what guards watch.
    left: tuple[Finding, ...] = ()
    #: The how many-th attempt at the test it was.
    attempt: int = 1
    #: What was seen of it while it hung; None where it did not, or nobody looked.
    standstill: Standstill | None = None
    #: Its native stack, and by whom; or why there is none. A crash has it when the run is over.
    native: str = ""
    #: Threads of Python, 0 where it wrote no stacks.
    threads: int = 0
    #: (package, version) of those whose extension modules it had loaded; empty for not known.
    extensions: tuple[tuple[str, str], ...] = ()
    #: The environment profiles in force.
    profile: tuple[str, ...] = ()
    #: (limit of memory, bytes) in force: in the process when it hung, or else in the controller.
    limits: tuple[tuple[str, int], ...] = ()
    #: (event of memory, how often) in the run's control group since the run began.
    memory_events: tuple[tuple[str, int], ...] = ()
    #: The folder where all of this is kept, empty for none.
    artifacts: str = ""
    #: The end of what it had written to stderr, C code included.
    output: str = ""
    #: Its forked children, when it took too long.
    forked: tuple[Forked, ...] = ()


def as_plain(value: object) -> object:
    """Return evidence, or a part of it, as JSON has it: mappings, lists, numbers and texts."""
    if isinstance(value, enum.Enum) and not isinstance(value, int):
        return value.value
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: as_plain(part) for name, part in value._asdict().items()}
    return [as_plain(part) for part in value] if isinstance(value, tuple) else value

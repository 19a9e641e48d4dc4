"""The evidence of a crash: facts, as far as they could be had. What they mean is said elsewhere."""

from __future__ import annotations

from typing import NamedTuple

from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.findings import Finding
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
    #: What they left there, of what guards watch.
    left: tuple[Finding, ...] = ()
    #: The end of what it had written to stderr, C code included.
    output: str = ""
    #: Its forked children, when it took too long.
    forked: tuple[Forked, ...] = ()

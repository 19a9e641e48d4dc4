"""How a process that must end is ended: stacks first, then ask, then kill.

Each step has a grace: how long the next one waits for the process to end by itself.
"""

from __future__ import annotations

import enum

from pytest_bulkhead.core.item import Phase


class Step(enum.Enum):
    """What is done to a process that must end."""

    INTERRUPT = "interrupt"
    DUMP_STACKS = "dump stacks"
    #: Stacks a second time: does it stand still, or go round and round?
    DUMP_AGAIN = "dump stacks again"
    TERMINATE = "terminate"
    KILL = "kill"


#: Seconds for a dump of all Python stacks. faulthandler writes from a signal handler in C, so a
#: held GIL does not slow it; disks do.
DUMP_GRACE = 0.3
#: Seconds from SIGTERM to SIGKILL. Docker's default is 10, nextest's too; a test that hangs has
#: had its timeout already, so ours is shorter. `isolate_grace` sets it.
TERMINATE_GRACE = 2.0
#: Seconds that a test has to tear down after Ctrl-C.
INTERRUPT_GRACE = 5.0

AFTER = {
    Step.INTERRUPT: Step.DUMP_STACKS,
    Step.DUMP_STACKS: Step.DUMP_AGAIN,
    Step.DUMP_AGAIN: Step.TERMINATE,
    Step.TERMINATE: Step.KILL,
    Step.KILL: Step.KILL,
}


#: Who is asked for no more than that goes on as it was.
HARMLESS = (Step.DUMP_STACKS, Step.DUMP_AGAIN)


def after(step: Step | None) -> Step:
    """Return the step that follows a step; the first one after none."""
    return Step.DUMP_STACKS if step is None else AFTER[step]


def grace_of(step: Step, terminate_grace: float) -> float:
    """Return the seconds to wait after a step."""
    return {
        Step.INTERRUPT: INTERRUPT_GRACE,
        Step.DUMP_STACKS: DUMP_GRACE,
        Step.DUMP_AGAIN: DUMP_GRACE,
        Step.TERMINATE: terminate_grace,
        Step.KILL: 1.0,
    }[step]


#: Seconds from the fork or spawn of a worker to its first word. Importing torch from a cold disk
#: takes tens of seconds; a fork that deadlocked never speaks.
START_LIMIT = 300.0
#: Seconds that the session's fixtures may take to be set up for all workers.
SHARE_LIMIT = 240.0
#: As above for a forked worker, which has nothing left to import.
FORK_LIMIT = 60.0
#: Seconds for atexit functions and threads that outlived the tests.
LEAVE_LIMIT = 10.0
#: Seconds that a process may live after it closed its channel without a goodbye.
MUTE_LIMIT = 1.0

assert DUMP_GRACE < TERMINATE_GRACE < LEAVE_LIMIT < FORK_LIMIT < SHARE_LIMIT < START_LIMIT


def limit_of(phase: Phase, forked: bool) -> float | None:
    """Return how long a phase outside tests may last, in seconds; None for no limit."""
    if phase is Phase.STARTING:
        return FORK_LIMIT if forked else START_LIMIT
    return LEAVE_LIMIT if phase is Phase.LEAVING else None

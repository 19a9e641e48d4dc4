"""The stage of the session: a second template, with the session's fixtures set up in it.

Theory of operation: a template that is to serve several workers at once forks itself, once it has
collected. The child sets up what the workers can share, says so, and takes over the template's
channel: workers are forked from it. The template waits, and ends as the child does: killed by the
same signal, so that whoever looks at the template sees what happened. A fixture that cannot be
shared, or that ends the child, is left out in another try; each worker then sets it up by itself,
with a test in hand to be blamed for it.
"""

from __future__ import annotations

import enum
import json
import os
import select
import signal
from collections.abc import Collection
from typing import Protocol

from pytest_bulkhead.core.ends import decode_status
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import clock, leaving, linux, process
from pytest_bulkhead.system.page import Page


class Stage(Protocol):
    """What is done in the stage; `worker.sharing` does it."""

    def has_work(self, unshared: Collection[str]) -> bool:
        """Whether there is anything to share, apart from some fixtures."""

    def set_up(self, unshared: Collection[str]) -> tuple[str, str] | None:
        """Set up all that can be shared; return the name of what cannot, and why."""

    def clear(self) -> msg.Reported | None:
        """Tear down what stands; return what is to be told of it."""


class Part(enum.Enum):
    """What a process is after `share_session`."""

    STAGE = "the stage, in which all stands"
    SERVER = "the template, which has to serve workers itself: there is nothing to share"
    WIDOW = "the template, whose stage has ended in order"


def share_session(stage: Stage, page: Page, limit: float) -> Part:
    """Fork the stage of the session, and wait for its end.

    Args:
        stage: what is done in it.
        page: the black box of the template.
        limit: seconds that all set-ups may take together.
    """
    unshared: set[str] = set()
    while stage.has_work(unshared):
        template = os.getpid()
        reading, writing = os.pipe()
        pid = process.fork()
        if pid == 0:
            os.close(reading)
            linux.die_with_parent(template)
            _set_up(stage, unshared, writing)
            return Part.STAGE
        os.close(writing)
        verdict = _hear(reading, pid, limit)
        if verdict is None:
            _follow(pid)
            return Part.WIDOW
        process.wait_dead(pid)
        process.reap_status(pid, with_group=False)
        unshared.add(verdict or _fixture_of(page.read().subject))
    return Part.SERVER


def _set_up(stage: Stage, unshared: Collection[str], writing: int) -> None:
    verdict = stage.set_up(unshared)
    os.write(writing, json.dumps(verdict).encode())
    os.close(writing)
    if verdict is not None:
        stage.clear()
        leaving.run_exit_functions()
        leaving.exit_process(0)


def _hear(reading: int, pid: int, limit: float) -> str | None:
    """Return which fixture cannot be shared, empty when the child died of one; None for none."""
    deadline = clock.monotonic() + limit
    said = b""
    with open(reading, "rb", buffering=0) as pipe:
        while select.select([pipe], [], [], max(0.0, deadline - clock.monotonic()))[0]:
            chunk = pipe.read(4096)
            if not chunk:
                break
            said += chunk
        else:
            process.send_signal(pid, signal.SIGKILL)
    if not said:
        return ""
    verdict = json.loads(said)
    return None if verdict is None else str(verdict[0])


def _fixture_of(subject: str) -> str:
    """Return the name in what the black box calls a fixture: `session name of session`."""
    return subject.partition(" ")[2].partition(" of ")[0].partition("[")[0]


def _follow(pid: int) -> None:
    """Wait for the stage's end, and end as it did unless that was in order."""
    process.wait_dead(pid)
    reaped = process.reap_status(pid, with_group=False)
    end = decode_status(reaped[0] if reaped else 0)
    if end.signal is not None:
        signal.signal(signal.Signals(end.signal), signal.SIG_DFL)
        process.send_signal(os.getpid(), end.signal)
    if not end.clean:
        leaving.exit_process(end.code or 1)

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
from types import FrameType
from typing import Protocol

from pytest_bulkhead.core.ends import End, decode_status
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import clock, leaving, linux, process
from pytest_bulkhead.system.page import Page


class Stage(Protocol):
    """What is done in the stage; `worker.sharing` does it."""

    #: Nothing but models is shared.
    models_only: bool

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
    deadline = clock.monotonic() + limit
    while stage.has_work(unshared) and clock.monotonic() < deadline:
        template = os.getpid()
        reading, writing = os.pipe()
        pid = process.fork()
        if pid == 0:
            os.close(reading)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            linux.die_with_parent(template)
            _set_up(stage, unshared, writing)
            return Part.STAGE
        os.close(writing)
        interrupts = _pass_on_interrupts(pid)
        verdict = _hear(reading, pid, deadline)
        end = _await(pid)
        if verdict is None:
            _end_alike(end)
        if verdict is None or interrupts:
            return Part.WIDOW
        unshared.add(verdict or _fixture_of(page.read().subject))
    return Part.SERVER


def _set_up(stage: Stage, unshared: Collection[str], writing: int) -> None:
    try:
        verdict = stage.set_up(unshared)
    except KeyboardInterrupt:
        verdict = ("", "the run was interrupted")
    os.write(writing, json.dumps(verdict).encode())
    os.close(writing)
    if verdict is not None:
        stage.clear()
        leaving.run_exit_functions()
        leaving.exit_process(0)


def _pass_on_interrupts(pid: int) -> list[int]:
    """Have the stage hear of Ctrl-C, which the template is told of; return what fills with them."""
    heard: list[int] = []

    def pass_on(signum: int, _frame: FrameType | None) -> None:
        heard.append(signum)
        process.send_signal(pid, signum)

    signal.signal(signal.SIGINT, pass_on)
    return heard


def _hear(reading: int, pid: int, deadline: float) -> str | None:
    """Return which fixture cannot be shared, empty when the child died of one; None for none."""
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


def _await(pid: int) -> End:
    """Wait for the end of the stage."""
    process.wait_dead(pid)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reaped = process.reap_status(pid, with_group=False)
    return decode_status(reaped[0] if reaped else 0)


def _end_alike(end: End) -> None:
    """End as the stage did, unless that was in order."""
    if end.signal is not None:
        signal.signal(signal.Signals(end.signal), signal.SIG_DFL)
        process.send_signal(os.getpid(), end.signal)
    if not end.clean:
        leaving.exit_process(end.code or 1)

"""Who runs now, since when, and where: the text for whoever asks in the middle of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.report.crash import fixture_words, trim_stacks


class Present(NamedTuple):
    """A process at work."""

    #: `gw0`, or `the template`.
    name: str
    pid: int
    #: The test that it runs, empty for none.
    nodeid: str
    #: Seconds since that began.
    seconds: float
    doing: Blame
    #: The Python stacks of all its threads; empty when it has not written any.
    stacks: str


def roll_call(present: Sequence[Present], ended: int, collected: int) -> Iterator[str]:
    """Yield the lines.

    Args:
        present: the processes at work.
        ended: how many tests have ended.
        collected: of how many; 0 while they are being collected.
    """
    so_far = f"{ended} of {collected} tests have ended" if collected else "tests are collected"
    yield f"isolate: {so_far}, {len(present)} at work:"
    for one in present:
        yield f"{one.name} (pid {one.pid}): {_where(one)}"
        stacks = trim_stacks(one.stacks) or "no stacks: it does not listen to who asks for them"
        yield from (f"  {line}" for line in stacks.splitlines())


def _where(one: Present) -> str:
    if one.doing.phase is Phase.COLLECTING:
        return f"collects {one.doing.subject or 'tests'}"
    words = f"{one.nodeid} for {one.seconds:.1f} s, in {one.doing.phase.word}"
    subject = one.doing.subject
    return f"{words} of fixture {fixture_words(subject)}" if subject else words

"""The process left, or lost what it talks by, without being killed."""

from __future__ import annotations

import re

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.diagnosis.rule import Grounds, Rule, certain, left_by, likely, said
from pytest_bulkhead.core.ends import LOST_CHANNEL, MEANINGS

_PIPE = 13
_FINALISED = re.compile(r"^Fatal Python error: .*\nPython runtime state: finalizing", re.M)


def _finalised(evidence: Evidence) -> Grounds | None:
    line = said(evidence, _FINALISED) if evidence.end.signal else ""
    return certain(f"Python says that it was finalizing: {line}") if line else None


def _closed(evidence: Evidence) -> Grounds | None:
    if evidence.end.code == LOST_CHANNEL:
        return certain("the descriptor by which the process reports was closed under it")
    if "closed its result channel" in evidence.killed_for:
        return likely("the descriptor by which the process reports was closed, and it lived on")
    return None


def _pipe(evidence: Evidence) -> Grounds | None:
    if evidence.end.signal != _PIPE:
        return None
    left = left_by(evidence, "signals", "the handler of SIGPIPE")
    ignored = "Python ignores SIGPIPE, so the default action had been set again"
    return certain(left) if left else likely(ignored)


def _became(evidence: Evidence) -> Grounds | None:
    name = evidence.end.became
    return likely(f"the kernel's name for it was {name!r} when it ended") if name else None


def _left(evidence: Evidence) -> Grounds | None:
    code = evidence.end.code
    if code is None or code in MEANINGS or evidence.timed_out or not evidence.phase.in_test:
        return None
    return certain(f"no signal ended it, and its exit code is {code}")


FINALISED = Rule(
    "finalisation",
    "the interpreter was finalised while daemon threads were alive",
    "have such threads end, and join them, before the process exits",
    (
        "Fatal Python error: _enter_buffered_busy: could not acquire lock",
        "at interpreter shutdown, possibly due to daemon threads",
        "Python runtime state: finalizing",
    ),
    "Python's own words on stderr, and a signal: certain. A worker is not finalised, so that this "
    "shows only where code of a test finalises.",
    "https://github.com/python/cpython/issues/129536",
    _finalised,
)
CLOSED = Rule(
    "closed_descriptor",
    "a descriptor was closed that belongs to somebody else",
    "close by object, not by number, and once: os.close(n) and os.closerange() hit whoever has it",
    (
        "exit code 97 (a test closed the descriptor by which this process reports)",
        "it closed its result channel",
        "OSError: [Errno 9] Bad file descriptor",
    ),
    "our own descriptor was: certain by exit code 97, likely when the process lived on.",
    "https://docs.python.org/3/library/os.html#os.close",
    _closed,
)
PIPE = Rule(
    "broken_pipe",
    "it wrote to a pipe or socket that nobody reads, with SIGPIPE in its default action",
    "leave SIGPIPE ignored, as Python has it; set its handler back in a fixture's teardown",
    ("crashed with SIGPIPE",),
    "the signal, and the guard `signals`, which saw who set the default: certain; the signal "
    "alone: likely.",
    "https://docs.python.org/3/library/signal.html#note-on-sigpipe",
    _pipe,
)
BECAME = Rule(
    "exec",
    "the process became another program, by os.exec*()",
    "start programs by subprocess; in a test of such code, replace os.execv by monkeypatch",
    ("crashed with exit code 0 (the process left in the middle of the run)",),
    "its name was no more that of Python when it ended: likely, for `prctl` can rename it too. "
    "Python in its place has the same name, and counts as `exit`.",
    "https://docs.python.org/3/library/os.html#os.execl",
    _became,
)
LEFT = Rule(
    "exit",
    "the process left by itself: os._exit(), exit() of C code, or another program by os.exec*()",
    "have code under test raise SystemExit (sys.exit), or replace os._exit by monkeypatch",
    (
        "crashed with exit code 0 (the process left in the middle of the run)",
        "crashed with exit code 3",
    ),
    "an exit code and no signal, in the middle of a test: certain.",
    "https://docs.python.org/3/library/os.html#os._exit",
    _left,
)

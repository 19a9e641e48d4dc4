"""Runs for the tests of charts: what happened and when goes in, a story with its chart comes out."""

from __future__ import annotations

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item, Phase, Scopes
from pytest_bulkhead.report.journal import Line
from pytest_bulkhead.report.story import tell

HEADING = {
    "journal": 1, "args": ["--isolate=session", "a b"], "dir": "/suite", "level": "session",
    "workers": 1, "start": "auto", "timeout": None, "slack": 0.0, "grace": 2.0,
}  # fmt: skip
SEGV = End(signal=11, peak_kib=2048)
CLEAN = End(code=0, peak_kib=1024)


def items(*names, module="a.py"):
    return tuple(
        Item(number, f"{module}::{name}", Scopes("", module, ""))
        for number, name in enumerate(names)
    )


def ran(worker, item, at, seconds=(0.0, 0.0, 0.0), until=None):
    """Return [(instant, event)] of a test that passed, its reports heard at one instant."""
    heard = at + sum(seconds) if until is None else until
    phases = zip(("setup", "call", "teardown"), seconds, strict=True)
    return [
        (at, ev.TestStarted(worker, item)),
        *((heard, ev.TestReported(worker, item, when, "passed", duration=s)) for when, s in phases),
        (heard, ev.TestFinished(worker, item)),
    ]


def leaves(worker, at):
    last = ev.WorkerEnded(worker, CLEAN, Blame(Phase.LEAVING))
    return [(at, event) for event in (ev.WorkerLeaving(worker), ev.WorkerLeft(worker), last)]


#: Two tests, of which the second one dies, and a third in the next process.
CRASH = [
    (100.0, ev.Begun()),
    (101.0, ev.Collected(1, items("s", "t", "u"))),
    (101.5, ev.WorkerJoined(1)),
    *ran(1, 0, 102.0, (0.25, 0.5, 0.25)),
    (103.0, ev.TestStarted(1, 1)),
    (103.5, ev.TestReported(1, 1, "setup", "passed", duration=0.25)),
    (104.0, ev.WorkerEnded(1, SEGV, Blame(Phase.CALL, 1))),
    (104.0, {"nodeid": "a.py::t", "text": "crashed with SIGSEGV in call\n\nstacks"}),
    (104.5, ev.WorkerJoined(2)),
    *ran(2, 2, 105.0, (0.0, 1.0, 0.0)),
    *leaves(2, 106.5),
    (107.0, ev.TemplateEnded(1, CLEAN)),
]


def told(happened=CRASH, **heading):
    """Return the story of what happened: (instant, event), or (instant, evidence)."""
    lines = [
        Line(evidence=one) if isinstance(one, dict) else Line(event=one, now=now)
        for now, one in happened
    ]
    story = tell(HEADING | heading, lines)
    assert not story.broken, story.broken
    return story

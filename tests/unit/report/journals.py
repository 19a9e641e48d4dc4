"""Journals of small runs, for the tests of what is told of them."""

from __future__ import annotations

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item, Phase, Scopes
from pytest_bulkhead.report.journal import Line
from pytest_bulkhead.report.story import tell
from pytest_bulkhead.report.story_lines import story_lines

HEADING = {
    "journal": 1, "args": ["--isolate=session", "a b"], "dir": "/suite", "level": "session",
    "workers": 1, "start": "auto", "timeout": None, "slack": 0.0, "grace": 2.0,
}  # fmt: skip
SEGV, CLEAN = End(signal=11), End(code=0)


def items(*names):
    return tuple(Item(n, f"a.py::{name}", Scopes("", "a.py", "")) for n, name in enumerate(names))


def passes(worker, item):
    return [
        ev.TestStarted(worker, item),
        *(ev.TestReported(worker, item, w, "passed") for w in ("setup", "call", "teardown")),
        ev.TestFinished(worker, item),
    ]


def leaves(worker):
    last = ev.WorkerEnded(worker, CLEAN, Blame(Phase.LEAVING))
    return [ev.WorkerLeaving(worker), ev.WorkerLeft(worker), last]


CRASH = [
    ev.Begun(),
    ev.Collected(1, items("s", "t", "u")),
    ev.WorkerJoined(1),
    *passes(1, 0),
    ev.TestStarted(1, 1),
    ev.WorkerEnded(1, SEGV, Blame(Phase.CALL, 1)),
    {"nodeid": "a.py::t", "text": "crashed with SIGSEGV in call\n\nstacks"},
    ev.WorkerJoined(2),
    *passes(2, 2),
    *leaves(2),
    ev.TemplateEnded(1, CLEAN),
]
COUNTS = {"passed": 2, "crashed": 1}


def lines_of(happened, closed=None):
    """Return lines of a journal, a tenth of a second apart; a mapping is evidence."""
    lines = [
        Line(evidence=one) if isinstance(one, dict) else Line(event=one, now=100 + number / 10)
        for number, one in enumerate(happened)
    ]
    return lines if closed is None else [*lines, Line(closed=closed)]


def story(happened=CRASH, closed=None, torn=False, **heading):
    return tell(HEADING | heading, lines_of(happened, closed), torn=torn)


def text_of(told):
    return "\n".join(line.text for line in story_lines(told))


STAGED = [
    ev.Begun(),
    ev.Collected(1, items("s", "t", "u")),
    ev.WorkerJoined(1),
    *passes(1, 0),
    ev.TestStarted(1, 1, fresh=True),
    ev.CellEnded(1, SEGV, Blame(Phase.CALL, 1)),
    ev.StageBusy(1, 2),
    ev.StageIdle(1),
    ev.StageUnforkable(1, "a.py", "1 thread(s) beside the main one: poller (Python)"),
    *passes(1, 2),
    *leaves(1),
    ev.TemplateEnded(1, CLEAN),
]

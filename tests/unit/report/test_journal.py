"""Specification of `report.journal`: what is written is what is read."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import json

import pytest

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item, Phase, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.resources.capacity import Capacity, Card
from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.journal import JOURNAL_VERSION, Journal, read_journal

ITEMS = (
    Item(0, "p/a.py::C::t[\x00é\ud800]", Scopes("p", "p/a.py", "p/a.py::C")),
    Item(
        1,
        "b.py::t",
        Scopes("", "b.py", ""),
        Level.FUNCTION,
        "group",
        2.5,
        Needs(2, exclusive=("db",)),
    ),
)
END = End(signal=9, peak_kib=7, out_of_memory=True)

EVENTS = [
    ev.Begun(),
    ev.Collected(1, ITEMS, "three threads", id_read=True),
    ev.Collected(
        2, ITEMS, capacity=Capacity(4, 8e9, (Card("0", "GPU-a", 8e9, "8.6", True),), True)
    ),
    ev.TemplateEnded(1, END, "a.py"),
    ev.WorkerJoined(1),
    ev.TestStarted(1, 0),
    ev.TestReported(1, 0, "call", "skipped", True, 0.25),
    ev.TestFinished(1, 0),
    ev.WorkerLeaving(1),
    ev.WorkerLeft(1),
    ev.WorkerMuted(1, "it closed its result channel"),
    ev.WorkerEnded(1, End(code=3), Blame(Phase.SETUP, 1, "module f of b.py", 5.5)),
    ev.CardsSeen(1, ("pid 9 (python)",)),
    ev.Overdrawn(1, "out of memory"),
    ev.SpareEnded(2, END),
    ev.StageBusy(1, 0, clearing=True),
    ev.StageIdle(1, leaving=True),
    ev.StageUnforkable(1, "a.py", "a thread"),
    ev.CellEnded(1, End(signal=11), Blame(Phase.CALL, 1, "", 5.5)),
    ev.TerminalLent(1),
    ev.TerminalReturned(1),
    ev.Requeued(1),
    ev.StopAsked("-x"),
    ev.Interrupted(),
    ev.KeeperLost(END),
    ev.Tick(),
]


def test_every_type_of_event_is_tried_here():
    """The list above is complete."""
    assert set(ev.TYPES) == {type(event) for event in EVENTS}


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_an_event_comes_back_as_it_was(event, tmp_path):
    """What was written of an event is that event, of the same types all the way down."""
    journal = Journal(str(tmp_path / "j"), {})
    journal.event(event, 1.25)
    journal.close({})
    [line, _closed] = read_journal((tmp_path / "j").read_text().splitlines(), "j")[1]

    assert (event, 1.25) == (line.event, line.now)
    assert repr(event) == repr(line.event)


def test_heading_evidence_and_counts_come_back(tmp_path):
    """So do the heading, the evidence and the counts."""
    journal = Journal(str(tmp_path / "j"), {"level": "module"})
    journal.evidence(nodeid="a.py::t", text="it crashed")
    journal.close({"passed": 2})
    heading, lines = read_journal((tmp_path / "j").read_text().splitlines(), "j")

    assert {"journal": JOURNAL_VERSION, "level": "module"} == heading
    assert {"nodeid": "a.py::t", "text": "it crashed"} == lines[0].evidence
    assert {"passed": 2} == lines[1].closed


def test_each_line_is_there_at_once(tmp_path):
    """Nothing waits in a buffer: it is for runs that end badly."""
    journal = Journal(str(tmp_path / "j"), {})
    journal.event(ev.Begun(), 0.0)

    assert 2 == len((tmp_path / "j").read_text().splitlines())
    journal.close({})


def test_what_is_kept_of_a_run_waits_in_memory(tmp_path):
    """It is for each run, so it must be cheap; its heading is there at once, the rest when flushed."""
    kept = tmp_path / "kept"
    journal = Journal("", {}, str(kept))
    journal.event(ev.Begun(), 0.0)

    assert 1 == len(kept.read_text().splitlines())
    journal.flush()
    assert 2 == len(kept.read_text().splitlines())
    journal.close({})


def test_the_latest_run_takes_the_place_of_the_one_before(tmp_path):
    """From its beginning, and whoever reads the one before still has it; nothing else is left."""
    kept = tmp_path / "kept"
    Journal("", {"level": "module"}, str(kept)).close({"passed": 2})
    with kept.open() as before:
        journal = Journal("", {"level": "class"}, str(kept))

        assert {"level": "class"}.items() <= json.loads(kept.read_text()).items()
        assert 2 == len(before.readlines())
    journal.close({})
    assert [kept] == list(tmp_path.iterdir())


def test_both_files_have_the_same(tmp_path):
    """The one that was asked for, and the one that is kept."""
    asked, kept = tmp_path / "asked", tmp_path / "kept"
    journal = Journal(str(asked), {}, str(kept))
    journal.evidence(nodeid="a.py::t", text="it crashed")
    journal.close({"passed": 2})

    assert asked.read_text() == kept.read_text()


def test_a_file_that_cannot_be_written_costs_only_itself(tmp_path):
    """A disk that is full is told, and the other file is whole."""
    kept = tmp_path / "kept"
    journal = Journal("/dev/full", {}, str(kept))
    journal.close({"passed": 2})

    assert "/dev/full is not whole: [Errno 28] No space left on device" == journal.lost
    assert 2 == len(kept.read_text().splitlines())


def test_a_place_that_cannot_be_written_keeps_nothing(tmp_path):
    """That is no error: nobody asked."""
    journal = Journal("", {}, str(tmp_path / "no" / "kept"))
    journal.close({})

    assert "" == journal.lost


def test_unknown_lines_and_keys_are_skipped():
    """A newer version may add lines, and keys to lines."""
    lines = [
        json.dumps({"journal": JOURNAL_VERSION, "new": 1}),
        json.dumps({"weather": "fine"}),
        json.dumps({"event": "WorkerJoined", "now": 1.0, "worker": 3, "new": 1}),
    ]

    assert [ev.WorkerJoined(3)] == [line.event for line in read_journal(lines, "j")[1]]


@pytest.mark.parametrize(
    ("message", "lines"),
    [
        ("no journal of version", []),
        ("no journal of version", ['{"journal": 99}']),
        ("j:1: no line of a journal: 'no JSON'", ["no JSON"]),
        ("j:2: no line of a journal: '3'", ['{"journal": 1}', "3"]),
        ("j:1: no line of a journal: '[[[", ["[" * 200_000]),
        ("no event 'Eclipse'", ['{"journal": 1}', '{"event": "Eclipse", "now": 0}']),
    ],
)
def test_what_is_no_journal_is_refused(message, lines):
    """The message names the file, the line and what stands there."""
    with pytest.raises(UsageProblem) as problem:
        read_journal(lines, "j")

    assert message in str(problem.value)


def test_a_journal_that_cannot_be_written_is_a_usage_problem(tmp_path):
    """The message names the option and the reason."""
    with pytest.raises(UsageProblem, match=r"--isolate-report=.*: No such file"):
        Journal(str(tmp_path / "no" / "j"), {})

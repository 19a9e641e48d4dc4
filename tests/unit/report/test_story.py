"""Specification of `report.story` and `report.story_lines`: a journal's lines in, the story of its run out."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.report.story import policy_of
from pytest_bulkhead.report.story_lines import Weight, life_words, story_lines

from .journals import (
    COUNTS,
    CRASH,
    HEADING,
    SEGV,
    STAGED,
    items,
    leaves,
    story,
    text_of,
)


def test_the_policy_is_the_headings():
    """Level, workers, start, limits, durations, stages, seed and spares are those of the run."""
    policy = policy_of(
        HEADING | {"level": "class", "workers": 3, "start": "spawn", "timeout": 5, "slack": 1.0}
        | {"grace": 0.5, "durations": {"a": 1.0}, "seed": 9, "stage": True}
        | {"spares": 2, "gpu_release": ["fail", 30.0], "verify": "crashes", "retries": 1}
        | {"retry_budget": 3, "bisect": 9.0, "exit": "clean"}
    )  # fmt: skip

    assert tuple(policy) == (
        Level.CLASS, 3, True, False, 5, 1.0, 0.5, {"a": 1.0}, True, 9, 2, ("fail", 30.0),
        "crashes", 1, 3, 9.0, True,
    )  # fmt: skip


@pytest.mark.parametrize(
    "gap", [{"level": "floor"}, {"workers": None}, {"workers": "x"}, {"grace": {}}]
)
def test_a_heading_with_a_gap_is_a_usage_problem(gap):
    """A heading that does not say how the run was to be cannot be replayed."""
    with pytest.raises(UsageProblem):
        policy_of(HEADING | gap)
    with pytest.raises(UsageProblem):
        policy_of({"journal": 1})


def test_the_heading():
    """Command, folder, level, workers and start method stand first."""
    first = [line.text for line in story_lines(story())][:3]

    assert [
        "pytest --isolate=session 'a b'",
        "in /suite",
        "isolate: session level, 1 worker, forked from the template",
    ] == first


def test_the_reason_for_spawning_is_told():
    """It is that of the template, which only its event knows."""
    happened = [ev.Begun(), ev.Collected(1, items("t"), "three threads")]

    assert "spawned (three threads)" in text_of(story(happened))


def test_each_process_has_a_line():
    """Slot, group, number of tests, and how it ended."""
    lines = [line.text for line in story_lines(story(closed=COUNTS)) if line.text[:2] == "gw"]

    assert [
        "gw0  session    2 tests  crashed with SIGSEGV in call: a.py::t",
        "gw0  session     1 test  left",
    ] == lines


def test_evidence_is_told_as_it_was_shown():
    """The text is that of the journal, under its test and its time, in order."""
    told = list(story_lines(story()))
    report = next(n for n, line in enumerate(told) if line.weight is Weight.REPORT)

    assert "a.py::t (0.90 s after the start)" == told[report].text
    assert ["crashed with SIGSEGV in call", "", "stacks"] == [
        line.text for line in told[report + 1 : report + 4]
    ]


def test_the_sum_adds_up():
    """Collected is the sum of all states, and equals the count that was written down."""
    told = story(closed=COUNTS)

    assert "3 collected = 2 passed + 1 crashed" in text_of(told)
    assert told.sound


def test_another_count_is_told():
    """A count that the replay does not give makes the story unsound."""
    told = story(closed={"passed": 3})

    assert "the run itself counted otherwise: {'passed': 3}" in text_of(told)
    assert not told.sound


@pytest.mark.parametrize("length", range(len(CRASH) + 1))
def test_a_journal_can_end_anywhere(length):
    """Each beginning of a journal has its story, whose sum adds up; it says it was cut off."""
    told = story(CRASH[:length])
    text = text_of(told)

    assert not told.broken
    assert told.sound
    assert "the run was cut off" in text
    assert len(told.run.items) == sum(told.run.ledger.counts().values())


def test_what_was_running_at_the_cut_is_named():
    """The test in hand is named, and so is its process."""
    text = text_of(story(CRASH[: CRASH.index(ev.TestStarted(1, 1)) + 1], torn=True))

    assert "running then: gw0 a.py::t" in text
    assert "was running a.py::t when the journal ended" in text
    assert "3 collected = 1 passed + 1 running + 1 not run" in text
    assert "in the middle of a line" in text


def test_a_whole_journal_was_not_cut_off():
    """A journal with its last line says nothing of a cut."""
    assert "cut off" not in text_of(story(closed=COUNTS))


@pytest.mark.parametrize("left_out", range(len(CRASH)))
def test_a_hole_in_a_journal_is_no_traceback(left_out):
    """With any one line left out, the story is told; what cannot have happened is said to be so."""
    told = story([one for n, one in enumerate(CRASH) if n != left_out], closed=COUNTS)

    assert ("the replay broke" in text_of(told)) == bool(told.broken)


@pytest.mark.parametrize(
    ("what", "happened"),
    [
        ("TestStarted", [ev.Begun(), ev.TestStarted(1, 0)]),
        ("WorkerEnded", [ev.Begun(), ev.WorkerEnded(7, SEGV, Blame())]),
        ("TestReported", [*CRASH[:3], ev.TestReported(1, 99, "call", "passed")]),
    ],
)
def test_what_cannot_have_happened_is_named(what, happened):
    """The story names the event, and is unsound."""
    told = story(happened)

    assert told.broken.startswith(what)
    assert "this journal was altered, or another version wrote it" in text_of(told)
    assert not told.sound


def test_an_order_by_unknown_durations_is_the_reason_named():
    """With several workers a journal without durations may be one that cannot be replayed."""
    told = story([ev.Begun(), ev.TestStarted(1, 0)], workers=2)

    assert "durations of earlier runs" in text_of(told)


def test_a_crash_at_collection_is_told():
    """The file is named, with the signal; the next template collects the rest."""
    happened = [ev.Begun(), ev.TemplateEnded(1, SEGV, "b.py"), ev.Collected(2, items("t"))]
    text = text_of(story(happened))

    assert "template 1 crashed with SIGSEGV while b.py was collected" in text
    assert "template 2 collected 1 test" in text


def test_a_timeout_is_told():
    """A test that took too long is timed out, with its phase and its time."""
    happened = [
        ev.Begun(), ev.Collected(1, items("t")), ev.WorkerJoined(1), ev.TestStarted(1, 0),
        *[ev.Tick()] * 40, ev.WorkerEnded(1, End(signal=15), Blame(Phase.CALL, 0)),
    ]  # fmt: skip
    text = text_of(story(happened, timeout=2.0))

    assert "timed out in call after 4.1 s: a.py::t" in text
    assert "1 collected = 1 timed out" in text


def test_a_death_after_the_last_word_is_told():
    """A process that broke at interpreter exit did not just leave."""
    *before, _end = leaves(1)
    happened = [*CRASH[:8], *before, ev.WorkerEnded(1, SEGV, Blame(Phase.LEAVING))]
    text = text_of(story(happened))

    assert "ended with SIGSEGV in interpreter exit" in text


def test_errors_at_teardown_are_counted_apart():
    """A test that passed stays so when its teardown crashes."""
    happened = [
        ev.Begun(), ev.Collected(1, items("t")), ev.WorkerJoined(1), ev.TestStarted(1, 0),
        ev.TestReported(1, 0, "setup", "passed"), ev.TestReported(1, 0, "call", "passed"),
        ev.WorkerEnded(1, SEGV, Blame(Phase.TEARDOWN, 0, "function f of a.py::t")),
    ]  # fmt: skip
    text = text_of(story(happened))

    assert "1 collected = 1 passed" in text
    assert "errors at teardown of tests that had ended: 1" in text


def test_why_it_stopped_is_told():
    """-x, --maxfail and Ctrl-C stand in the sum."""
    text = text_of(story([*CRASH[:2], ev.StopAsked("stopping after 1 failures")]))

    assert "no further test was started: stopping after 1 failures" in text


def test_native_stacks_are_told_of_their_tests():
    """Each as a report of its own, for it came after the last test."""
    native = {"native": "by gdb:\n  strlen", "nodeid": "a.py::t"}
    shown = text_of(story([*CRASH, native]))

    assert "native stack: by gdb:\n  strlen" in shown
    assert shown.count("a.py::t (") == 2


def test_imports_are_told_when_the_journal_has_them():
    """As the run's summary had them, and they are no deaths."""
    row = ["numpy", 0.5, 0.5, 20 * 2**20, "/here/t.py:1", 1]
    imported = {"phase": 7, "subject": "t.py", "rows": [row]}
    told = story(
        [*CRASH, {"imported": imported}, {"clashed": {"texts": ["a hides b"]}}], dir="/here"
    )
    lines = text_of(told).splitlines()

    assert lines[lines.index("imports") + 2] == (
        "     0.50     0.50     20.0  numpy: t.py:1, collection of t.py"
    )
    assert "clash: a hides b" in lines
    assert len(told.deaths) == 1


def test_leaks_are_told_when_the_journal_has_them():
    """Evidence with a leak is a process that was left behind."""
    leak = {"leak": {"pid": 7, "command": "sleep 60", "tests": ["a.py::t"]}}
    text = text_of(story([*CRASH, leak], closed=COUNTS))

    assert "a.py::t left pid 7 running, it was ended: sleep 60" in text


def test_findings_are_told_when_the_journal_has_them():
    """Evidence with a finding is something left behind, also when it was accepted."""
    left = {"guard": "cwd", "texts": ["it is /"], "blamed": "a.py::t", "done": "accepted"}
    text = text_of(story([*CRASH, {"finding": {**left, "item": 0}}], closed=COUNTS))

    assert "it is / (accepted)" in text
    assert "a.py::t" in text.partition("left behind")[2]


def test_a_group_of_one_test_is_not_named_twice():
    """At function level the group's name is the test."""
    crash = [CRASH[0], CRASH[1], ev.WorkerJoined(1), ev.TestStarted(1, 0)]
    end = ev.WorkerEnded(1, SEGV, Blame(Phase.CALL, 0))
    told = story([*crash, end], level="function")

    assert "crashed with SIGSEGV in call" == life_words(told.lives.of[1], told)


def test_a_staged_worker_is_told_with_what_died_below_it():
    """One life, that goes on; and which tests had to run together, and why."""
    told = story(STAGED, COUNTS, level="function", stage=True)
    text = text_of(told)
    assert told.sound, text
    assert "gw0  each function    3 tests  left, after 1 below it had died" in text
    why = "its tests ran together, in one process"
    assert f"a.py: {why}: 1 thread(s) beside the main one: poller (Python)" in text


def test_a_run_without_stages_says_nothing_of_them():
    """No part of the story is empty."""
    assert "ran together" not in text_of(story(closed=COUNTS))


def test_a_grant_is_no_death():
    """What was granted stands in the journal for others to verify."""
    told = story([*CRASH, {"granted": {"worker": 1}}, {"held_memory": "1 GiB"}])

    assert len(told.deaths) == len(story().deaths)

"""Specification of `report.chart`: who ran what, from when to when."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.accounting import State
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.report.chart import how_it_ended, phases_of, spans_of

from .charting import CRASH, SEGV, items, leaves, ran, told


def drawn(happened=CRASH, **heading):
    """Return (item, begun, ended, state) of each span."""
    spans = spans_of(told(happened, **heading).chart)
    return [(s.stint.item, s.begun, s.ended, s.stint.state.word) for s in spans]


def test_each_stint_has_its_span_in_seconds_from_the_start():
    """What was heard of a test, from the run's first event on, and how it ended."""
    assert drawn() == [
        (0, 2.0, 3.0, "passed"),
        (1, 3.0, 4.0, "crashed"),
        (2, 5.0, 6.0, "passed"),
    ]


def test_each_process_has_its_life():
    """Group, slot, from when to when, how it ended and its peak are known of each."""
    first, second = told().chart.lives.of.values()

    assert (first.worker.slot, first.group, first.started, first.ended) == (
        0,
        "session",
        101.0,
        104.0,
    )
    assert (first.end, how_it_ended(first)) == (SEGV, "ended with SIGSEGV")
    assert (second.started, second.ended, how_it_ended(second)) == (104.0, 106.5, "left")


def test_phases_follow_each_other_and_the_one_that_was_cut_short_goes_to_the_end():
    """Phases that were reported take their seconds; the next one lasts until the death."""
    first, second, _third = spans_of(told().chart)

    assert list(phases_of(first)) == [
        ("setup", 2.0, 2.25), ("call", 2.25, 2.75), ("teardown", 2.75, 3.0),
    ]  # fmt: skip
    assert list(phases_of(second)) == [("setup", 3.0, 3.25), ("call", 3.25, 4.0)]


def test_tests_that_were_heard_of_at_once_are_put_one_after_the_other():
    """Each takes as long as it says, and the last one ended when it was heard of."""
    happened = [
        (0.0, ev.Begun()),
        (0.0, ev.Collected(1, items("s", "t"))),
        (0.0, ev.WorkerJoined(1)),
        *ran(1, 0, 2.0, (0.0, 0.5, 0.0), until=2.0),
        *ran(1, 1, 2.0, (0.0, 0.25, 0.0), until=2.0),
        *leaves(1, 2.0),
    ]

    assert [(0, 1.25, 1.75, "passed"), (1, 1.75, 2.0, "passed")] == drawn(happened)


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), max_size=6))
def test_spans_of_a_worker_never_overlap(tests):
    """Whatever was heard when, a worker has one test at a time, within its process's life."""
    names = [f"t{number}" for number in range(len(tests))]
    happened, now = [(0.0, ev.Begun()), (0.0, ev.Collected(1, items(*names)))], 0.0
    for number, (waited, took) in enumerate(tests):
        joined = [(0.0, ev.WorkerJoined(1))] if number == 0 else []
        happened += joined + ran(1, number, now, (0.0, took, 0.0), until=now + waited)
        now += waited
    spans = spans_of(told(happened).chart)
    ends = [0.0, *(instant for span in spans for instant in (span.begun, span.ended))]

    assert sorted(ends) == ends
    assert [span.stint.item for span in spans] == list(range(len(tests)))


def test_a_run_that_was_cut_off_has_what_was_running():
    """A test that was in hand at the end lasts until the latest event, and is still running."""
    happened = [*CRASH[:9], (109.0, ev.Tick())]

    assert (1, 3.0, 9.0, "running") in drawn(happened)


def test_a_test_that_is_run_again_has_two_stints():
    """Each of them with its own state and place."""
    happened = [
        CRASH[0],
        (101.0, ev.Collected(1, items("s", "t"))),
        *CRASH[2:9],
        (104.0, ev.WorkerEnded(1, SEGV, Blame(Phase.CALL, 1))),
        (104.0, ev.Requeued(1)),
        (104.5, ev.WorkerJoined(2)),
        *ran(2, 1, 105.0, (0.0, 1.0, 0.0)),
    ]
    stints = [(item, state) for item, _begun, _ended, state in drawn(happened) if item == 1]

    assert [(1, "crashed"), (1, "passed")] == stints


TRIAL = [
    *CRASH[:-1],
    (107.0, ev.WorkerJoined(3)),
    (107.5, ev.TestStarted(3, 1)),
]


@pytest.mark.parametrize(
    ("happened", "state"),
    [
        (ran(3, 1, 107.5, (0.0, 1.0, 0.0))[1:], "passed"),
        ([(108.5, ev.WorkerEnded(3, SEGV, Blame(Phase.CALL, 1)))], "crashed"),
    ],
)
def test_a_trial_has_an_end_of_its_own(happened, state):
    """What it has shown is on the chart, and does not change what the test has come to."""
    chart = told([*TRIAL, *happened], verify="crashes").chart
    counted, trial = [stint for stint in chart.stints if stint.item == 1]

    assert ("crashed", False) == (counted.state.word, counted.trial)
    assert (state, True, 108.5) == (trial.state.word, trial.trial, trial.ended)
    assert State.CRASHED is chart.run.ledger.state(1)


def test_evidence_is_kept_as_it_was():
    """A report's sections may grow after it was noted."""
    chart, sections = told().chart, [["Captured stdout", "x"]]
    chart.note({"text": "ended", "sections": sections})
    sections.append(["later", "y"])

    assert [["Captured stdout", "x"]] == chart.noted[-1].facts["sections"]


def staged(*happened):
    head = [(0.0, ev.Begun()), (0.0, ev.Collected(1, items("s", "t"))), (0.0, ev.WorkerJoined(1))]
    return told([*head, *happened], level="function", stage=True)


def test_fixtures_of_a_stage_are_a_stint_of_their_own():
    """While a stage sets wide fixtures up, the test that needs them does not run yet."""
    chart = staged(
        (1.0, ev.StageBusy(1, 0)),
        (3.0, ev.StageIdle(1)),
        (3.0, ev.TestStarted(1, 0, fresh=True)),
        *ran(1, 0, 3.0, (0.0, 1.0, 0.0))[1:],
        (4.0, ev.TestStarted(1, 1, fresh=True)),
    ).chart
    found = [(s.stint.item, s.stint.staging, s.stint.fresh, s.begun) for s in spans_of(chart)]

    assert [(0, True, True, 1.0), (0, False, True, 3.0), (1, False, True, 4.0)] == found
    assert [*phases_of(spans_of(chart)[0])] == []


def test_while_a_stage_tears_down_that_is_a_stint_too():
    """After its last test, which has its own state already."""
    chart = staged(
        *ran(1, 0, 1.0, (0.0, 1.0, 0.0)),
        (3.0, ev.StageBusy(1, 0, clearing=True)),
        (4.0, ev.StageIdle(1)),
    ).chart
    test, stage = spans_of(chart)

    assert (False, True) == (test.stint.of_stage, stage.stint.of_stage)
    assert (3.0, 4.0, True) == (stage.begun, stage.ended, stage.stint.clearing)
    assert [*phases_of(stage)] == []


def test_what_a_stage_has_set_up_is_not_drawn_twice():
    """The test's report counts it as its own; on the chart it was before the test."""
    chart = staged(
        (1.0, ev.StageBusy(1, 0)),
        (3.0, ev.StageIdle(1)),
        *ran(1, 0, 3.25, (2.25, 0.5, 0.0), until=4.0),
    ).chart
    stage, test = spans_of(chart)

    assert (1.0, 3.0) == (stage.begun, stage.ended)
    assert [("setup", 3.0, 3.5), ("call", 3.5, 4.0), ("teardown", 4.0, 4.0)] == [*phases_of(test)]
    assert {"setup": 0.5, "call": 0.5, "teardown": 0.0} == test.phases


def test_a_death_below_a_worker_is_no_end_of_the_worker():
    """The test has crashed; the worker's process goes on."""
    chart = staged(
        (1.0, ev.TestStarted(1, 0, fresh=True)), (2.0, ev.CellEnded(1, SEGV, Blame(Phase.CALL, 0)))
    ).chart

    assert [State.CRASHED] == [stint.state for stint in chart.stints]
    assert [None] == [process.ended for process in chart.lives.of.values()]


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ev.Interrupted(), "interrupted"),
        (ev.TemplateEnded(1, SEGV), "the template ended with SIGSEGV"),
        (ev.StopAsked("stopping after 1 failures"), "no further test: stopping after 1 failures"),
    ],
)
def test_what_befalls_the_run_is_remarked(event, text):
    """Why it stopped, and when."""
    remarks = told([*CRASH[:8], (104.0, event)]).chart.remarks

    assert [(104.0, None, text)] == [tuple(remark) for remark in remarks]


def test_when_the_keeper_dies_all_processes_have_ended():
    """So have the tests that were in hand."""
    chart = told([*CRASH[:9], (109.0, ev.KeeperLost(SEGV))]).chart

    assert [109.0] == [process.ended for process in chart.lives.of.values()]
    assert [3.0, 9.0] == [span.ended for span in spans_of(chart)]


def test_evidence_that_can_be_shown_is_noted_with_its_instant():
    """Deaths, leaks and findings are; what was granted is not."""
    leak = {"leak": {"pid": 1, "command": "sleep", "tests": []}}
    noted = told([*CRASH, (107.0, leak), (107.0, {"granted": {}})]).chart.noted

    assert [(104.0, "text"), (107.0, "leak")] == [(n.now, [*n.facts][-1]) for n in noted]

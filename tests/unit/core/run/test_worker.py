"""Specification of `core.run.worker`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import itertools

import pytest

from pytest_bulkhead.core import escalation
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.run.worker import STORY_LENGTH, TRANSITIONS, Stage, Step, Worker
from pytest_bulkhead.errors import InvalidTransition

#: Each row: a stage, then the stages that the steps lead to; a dot is what cannot happen.
TABLE = """
            JOINED     SHARE_DONE  ASSIGNED  FINISHED   LEAVES   LEFT  ENDED
STARTING    RUNNING    .           .         STARTING   LEAVING  .     ENDED
RUNNING     .          PARKED      RUNNING   FINISHING  LEAVING  .     ENDED
PARKED      .          .           RUNNING   FINISHING  LEAVING  .     ENDED
FINISHING   FINISHING  FINISHING   .         FINISHING  LEAVING  .     ENDED
LEAVING     .          .           .         LEAVING    .        LEFT  ENDED
LEFT        .          .           .         LEFT       .        .     ENDED
ENDED       .          .           .         .          .        .     .
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = {(row[0], step): stage for row in ROWS for step, stage in zip(HEAD, row[1:], strict=True)}


def worker(stage=Stage.RUNNING, items=(), item=None, **fields):
    made = Worker(1, 0, 0, forked=True, stage=stage, **fields)
    if items:
        made.give(items, last=False)
    if item is not None:
        made.start(item, 100.0)
    return made


@pytest.mark.parametrize(("stage", "step"), list(itertools.product(Stage, Step)))
def test_life(stage, step):
    """A step leads where the table says, or it is a bug that tells its story."""
    made, expected = worker(stage), CELLS[stage.name, step.name]

    if expected == ".":
        with pytest.raises(InvalidTransition, match=f"worker 1: {stage.value}: {step.value}"):
            made.move(step)
    else:
        made.move(step)
    assert (stage.name if expected == "." else expected) == made.stage.name


def test_the_table_is_total():
    """Each stage has its row, the last one an empty one."""
    assert set(Stage) == set(TRANSITIONS)
    assert {} == TRANSITIONS[Stage.ENDED]


def test_a_story_is_bounded():
    """A worker that lives long remembers its latest steps only."""
    made = worker()
    for _ in range(STORY_LENGTH):
        made.move(Step.SHARE_DONE)
        made.move(Step.ASSIGNED)

    assert STORY_LENGTH == len(made.story)


def test_a_share_wakes_a_parked_worker():
    """A parked worker that is given a share runs; the list of items grows by it."""
    made = worker(Stage.PARKED)
    made.give((3, 4), last=True)

    assert Stage.RUNNING is made.stage
    assert made.last_share
    assert [3, 4] == list(made.todo)


def test_items_are_settled_one_by_one():
    """A finished item goes from the list of what is left to the list of what is done."""
    made = worker(items=(3, 4), item=3)
    made.settle()

    assert ([4], [3], None) == (list(made.todo), made.done, made.item)


def test_settling_nothing_changes_nothing():
    """Without an item in hand there is nothing to settle."""
    made = worker(items=(3,))
    made.settle()

    assert ([3], []) == (list(made.todo), made.done)


def test_shares_are_counted_in_order():
    """A share is done with its last item, the oldest share first."""
    made = worker()
    made.give((1, 2), last=False)
    made.give((3,), last=True)

    assert [False, True, True] == [made.share_done() for _ in range(3)]


def test_the_first_reason_stays():
    """Why a worker must end, and for which item, is noted once."""
    made = worker(items=(3, 4), item=3)
    made.condemn("one")
    made.settle()
    made.start(4, 101.0)
    made.condemn("other")

    assert ("one", 3) == (made.killed_for, made.kill_item)


@pytest.mark.parametrize(
    ("why", "timed_out", "made"),
    [
        ("timeout: it ran for 7.5 s", True, worker(items=(3,), item=3)),
        ("it hung", True, worker(Stage.STARTING)),
        ("it hung", True, worker(Stage.LEAVING)),
        ("it hung", True, worker(Stage.LEFT)),
        ("it hung", True, worker(Stage.FINISHING)),
        ("garbage", False, worker(items=(3,), item=3, muted="garbage")),
        ("interrupted", False, worker(killed_for="interrupted")),
    ],
)
def test_patience_ends_for_a_reason(why, timed_out, made):
    """When a deadline passes, the reason is the time unless there was one before."""
    made.lose_patience(107.5)

    assert (why, timed_out) == (made.killed_for, made.timed_out)


def test_escalation_goes_on_from_the_last_step():
    """Each step sets the deadline of the next; a step may also be named."""
    made = worker()
    steps = [made.escalate(step, 10.0, 2.0) for step in (None,) * 4]

    assert [
        escalation.after(None), escalation.Step.DUMP_AGAIN, escalation.Step.TERMINATE,
        escalation.Step.KILL,
    ] == steps  # fmt: skip
    assert escalation.Step.INTERRUPT is made.escalate(escalation.Step.INTERRUPT, 10.0, 2.0)
    assert 10.0 + escalation.INTERRUPT_GRACE == made.deadline


@pytest.mark.parametrize(
    ("spared", "timed_out", "step"),
    [
        (True, True, escalation.Step.DUMP_STACKS),
        (True, True, escalation.Step.DUMP_AGAIN),
        (False, True, escalation.Step.TERMINATE),
        (False, True, escalation.Step.KILL),
        (False, False, escalation.Step.DUMP_STACKS),
        (False, False, None),
    ],
)
def test_only_what_was_late_and_unharmed_is_spared(spared, timed_out, step):
    """A worker that is done after all is spared as long as nothing but its stacks was asked."""
    made = worker(killed_for="a reason", timed_out=timed_out, step=step, deadline=9.0)
    made.spare()

    assert spared is (made.killed_for == "")
    assert (None if spared else 9.0) == made.deadline


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.ENDED])
def test_an_orphan_must_end(stage):
    """A worker whose template is gone must end, for no fault of its own, unless it has left."""
    made = worker(stage)
    made.orphan("its template died", 10.0)

    assert (stage is not Stage.LEFT) is made.victim is bool(made.killed_for)
    assert (stage is not Stage.LEFT) is (made.deadline == 10.0 + escalation.MUTE_LIMIT)


def test_an_orphan_that_must_end_anyway():
    """What a worker is ended for already stays the reason when its template goes."""
    made = worker(killed_for="garbage", deadline=9.0)
    made.orphan("its template died", 10.0)

    assert ("garbage", False, 9.0) == (made.killed_for, made.victim, made.deadline)


def test_a_mute_worker_is_waited_for():
    """That a channel closed is no reason to end a process yet: its own end may have done that."""
    made = worker()
    made.mute("its channel closed", 10.0)
    made.mute("again", 11.0)

    assert ("its channel closed", "") == (made.muted, made.killed_for)
    assert 10.0 + escalation.MUTE_LIMIT == made.deadline


@pytest.mark.parametrize("made", [worker(Stage.LEFT), worker(killed_for="late", deadline=3.0)])
def test_silence_changes_nothing_for_the_lost(made):
    """One that left may close its channel, and one that must end keeps its deadline."""
    before = made.deadline
    made.mute("its channel closed", 10.0)

    assert before == made.deadline


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("items", [(), (3,)])
def test_busy_and_serving(stage, items):
    """Tests undone keep a worker busy; without them it is while it runs or is about to."""
    made = worker(stage)
    made.todo.extend(items)
    idle = stage in (Stage.PARKED, Stage.LEFT, Stage.ENDED)
    gone = stage in (Stage.LEFT, Stage.ENDED)

    assert (bool(items) or not idle) is made.busy
    assert (bool(items) or not gone) is made.serving


@pytest.mark.parametrize("stage", Stage)
@pytest.mark.parametrize("last", [True, False])
@pytest.mark.parametrize("reason", ["", "garbage"])
def test_who_can_go_on(stage, last, reason):
    """More can be sent to a worker that runs, or is about to, and that was not told of an end."""
    running = stage in (Stage.STARTING, Stage.RUNNING)

    assert (running and not last and not reason) is worker(
        stage, last_share=last, killed_for=reason
    ).can_go_on


@pytest.mark.parametrize(
    ("stage", "step"), list(itertools.product(Stage, [None, *escalation.Step]))
)
def test_who_can_still_be_asked(stage, step):
    """A worker is asked to end unless it has left or was told in a harder way."""
    harder = step in (escalation.Step.TERMINATE, escalation.Step.KILL)

    assert (stage is not Stage.LEFT and not harder) is worker(stage, step=step).can_be_asked


@pytest.mark.parametrize(
    ("stage", "phase", "limit"),
    [
        (Stage.STARTING, Phase.STARTING, escalation.FORK_LIMIT),
        (Stage.RUNNING, Phase.BETWEEN, None),
        (Stage.PARKED, Phase.BETWEEN, None),
        (Stage.FINISHING, Phase.FINISHING, None),
        (Stage.LEAVING, Phase.LEAVING, escalation.LEAVE_LIMIT),
        (Stage.LEFT, Phase.LEAVING, escalation.MUTE_LIMIT),
        (Stage.ENDED, Phase.LEAVING, escalation.LEAVE_LIMIT),
    ],
)
def test_phase_and_limit_of_a_stage(stage, phase, limit):
    """Each stage stands for a phase outside tests, with its limit of time."""
    made = worker(stage)

    assert (phase, limit) == (made.phase, made.limit)


def test_who_may_have_to_wait_for_a_stage_has_the_limit_of_a_spawned_one():
    """Before it is forked, the session's fixtures may have to be set up for all workers."""
    assert escalation.START_LIMIT == worker(Stage.STARTING, waits=True).limit

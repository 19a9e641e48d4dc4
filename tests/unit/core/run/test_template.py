"""Specification of `core.run.template`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import itertools

import pytest

from pytest_bulkhead.core import escalation
from pytest_bulkhead.core.actions import Doomed
from pytest_bulkhead.core.ends import UNSEEN, End
from pytest_bulkhead.core.run.template import BLAMELESS_BUDGET, TRANSITIONS, Stage, Step, Template
from pytest_bulkhead.errors import InvalidTransition

TABLE = """
            STARTED     COLLECTED  RELEASED  ENDED
NONE        COLLECTING  .          .         .
COLLECTING  .           READY      RELEASED  ENDED
READY       .           .          RELEASED  ENDED
RELEASED    .           RELEASED   RELEASED  ENDED
ENDED       COLLECTING  .          ENDED     .
"""
HEAD, *ROWS = [line.split() for line in TABLE.strip().splitlines()]
CELLS = {(row[0], step): stage for row in ROWS for step, stage in zip(HEAD, row[1:], strict=True)}

SEGV = End(signal=11)


@pytest.mark.parametrize(("stage", "step"), list(itertools.product(Stage, Step)))
def test_life(stage, step):
    """A step leads where the table says, or it is a bug."""
    template, expected = Template(4, stage), CELLS[stage.name, step.name]

    if expected == ".":
        with pytest.raises(InvalidTransition, match=f"template 4: {stage.value}: {step.value}"):
            template.move(step)
    else:
        template.move(step)
    assert (stage.name if expected == "." else expected) == template.stage.name


def test_the_table_is_total():
    """Each stage has its row."""
    assert set(Stage) == set(TRANSITIONS)


def test_each_process_has_its_number():
    """A template that is started again has a new number and no steps towards its end."""
    template = Template()
    template.move(Step.STARTED)
    template.escalate(None, 10.0, 2.0)
    template.move(Step.ENDED)
    deadline = template.deadline
    template.move(Step.STARTED)

    assert (2, None, None) == (template.id, template.step, deadline)


@pytest.mark.parametrize("stage", Stage)
def test_alive_and_expected(stage):
    """It is alive from its start to its end, and expected until it has collected."""
    template = Template(1, stage)

    assert (stage not in (Stage.NONE, Stage.ENDED)) is template.alive
    assert (stage in (Stage.NONE, Stage.COLLECTING)) is template.expected


def test_what_killed_it_is_never_collected_again():
    """A node during whose collection it died is excluded, and costs nothing of the budget."""
    template = Template()
    again = [template.bury(SEGV, node) for node in ("a.py", "b.py", "c.py")]

    assert [True] * 3 == again
    assert [Doomed(node, "SIGSEGV") for node in ("a.py", "b.py", "c.py")] == list(
        template.exclusions()
    )


def test_blameless_deaths_are_limited():
    """Deaths without a culprit, or with one that was excluded before, end in giving up."""
    template = Template()
    template.bury(SEGV, "a.py")
    again = [template.bury(UNSEEN, node) for node in ["", "a.py"][:BLAMELESS_BUDGET]]

    assert [True, False] == again


def test_escalation_goes_on_from_the_last_step():
    """Each step sets the deadline of the next; a step may also be named."""
    template = Template(1, Stage.RELEASED)

    assert escalation.Step.DUMP_STACKS is template.escalate(None, 10.0, 2.0)
    assert escalation.Step.DUMP_AGAIN is template.escalate(None, 10.5, 2.0)
    assert escalation.Step.TERMINATE is template.escalate(None, 11.0, 2.0)
    assert 13.0 == template.deadline
    assert escalation.Step.KILL is template.escalate(escalation.Step.KILL, 12.0, 2.0)

"""Specification of `report.roll_call`."""

from __future__ import annotations

from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.report.roll_call import Present, roll_call

STACKS = 'Current thread 0x1 (most recent call first):\n  File "/t.py", line 3 in wait\n'


def told(*present, ended=1, collected=3):
    return list(roll_call(present, ended, collected))


def test_who_runs_and_where():
    """Worker, pid, test, its age, phase and fixture, and the stacks of its threads."""
    call = Present("gw0", 12, "t.py::a", 61.04, Blame(Phase.CALL, 0), STACKS)
    setup = Blame(Phase.SETUP, 1, "session db of session")
    deaf = Present("gw1", 13, "t.py::b", 2.0, setup, "")

    assert told(call, deaf) == [
        "isolate: 1 of 3 tests have ended, 2 at work:",
        "gw0 (pid 12): t.py::a for 61.0 s, in call",
        "  Current thread 0x1 (most recent call first):",
        '    File "/t.py", line 3 in wait',
        "gw1 (pid 13): t.py::b for 2.0 s, in setup of fixture 'db' (session scope)",
        "  no stacks: it does not listen to who asks for them",
    ]


def test_before_there_are_tests():
    """It is told which file is being collected."""
    template = Present("the template", 9, "", 0.0, Blame(Phase.COLLECTING, -1, "t.py"), STACKS)

    assert told(template, ended=0, collected=0)[:2] == [
        "isolate: tests are collected, 1 at work:",
        "the template (pid 9): collects t.py",
    ]

"""Specification of `core.crash.native_ways`: what is done for a native stack, and at what price."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.crash.native_ways import (
    Plan,
    budget_of,
    gdb_on_core,
    gdb_rerun,
    in_turn,
    is_native,
    kind_of,
    on_hung,
    plan,
    pystack_on_core,
    pytest_alone,
    tool_for_hung,
    wanted_for_hung,
)
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.known import Known, Unknown

CORE, NONE = Known("/tmp/core", "core_pattern"), Unknown("the limit is 0")
BOTH = ("gdb", "pystack")


def planned(way, core=NONE, tools=BOTH, seconds=0.5, **left):
    return plan(way, core, tools, seconds, budget_of(way)._replace(**left))


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (("auto", CORE), Plan("gdb", "/tmp/core")),
        (("auto", CORE, ("pystack",)), Plan("pystack", "/tmp/core")),
        (("auto", NONE), Plan("gdb")),
        (("auto", NONE, ("pystack",)), Plan(why="gdb is not in PATH")),
        (("auto", CORE, ()), Plan(why="gdb is not in PATH")),
        (("gdb", CORE), Plan("gdb")),
        (("core", CORE), Plan("gdb", "/tmp/core")),
        (("core", NONE), Plan(why="the limit is 0")),
        (("core", CORE, ()), Plan(why="gdb and pystack not in PATH, to read /tmp/core")),
        (("pystack", CORE), Plan("pystack", "/tmp/core")),
        (("pystack", CORE, ("gdb",)), Plan(why="pystack not in PATH, to read /tmp/core")),
        (("pystack", NONE), Plan(why="the limit is 0")),
    ],
)
def test_what_is_done(known, expected):
    """A core file where it was asked for or is there; the test again in gdb; or a reason."""
    assert expected == planned(*known)


def test_what_nobody_asked_for_is_quick():
    """`auto` runs no test again that takes long; who asks for gdb waits longer."""
    assert "some 14 s" in planned("auto", seconds=6).why
    assert Plan("gdb") == planned("gdb", seconds=6)


def test_what_is_left_is_a_limit():
    """Neither more crashes are looked at than are left, nor is begun what takes longer."""
    assert "some 4 s" in plan("auto", NONE, BOTH, 1.2, budget_of("auto")._replace(seconds=3)).why
    for spent in ({"crashes": 0}, {"seconds": 0.0}):
        left = budget_of("auto")._replace(**spent)
        assert "has looked at others" in plan("auto", CORE, BOTH, 0.1, left).why
    assert (2, 4.5) == budget_of("auto").less(1.5)[:2]


@pytest.mark.parametrize(
    ("end", "killed_for", "expected"),
    [
        (End(signal=11), "", True),
        (End(signal=6), "", True),
        (End(signal=11), "timeout", False),
        (End(signal=9), "", False),
        (End(signal=15), "", False),
        (End(code=3), "", False),
        (End(), "", False),
    ],
)
def test_what_dies_of_native_code(end, killed_for, expected):
    """A signal that such code gets by itself; who was ended, or left, has no native stack."""
    assert expected is is_native(end, killed_for)


def test_distinct_crashes_come_first():
    """One of each kind in their order, and then the others."""
    assert [0, 2, 1, 3] == in_turn(["a", "a", "b", "b"])
    assert [] == in_turn([])


def test_two_crashes_of_one_kind():
    """They died of one signal in the same Python calls."""
    stacks = 'Thread 1:\n  File "x"\nCurrent thread 2:\n  File "a", line 1 in f\n  File "b"\n'
    one = Evidence("a", "gw0", Phase.CALL, "", End(signal=11), stacks=stacks)

    assert kind_of(one) == kind_of(one._replace(nodeid="b", stacks=f'{stacks}  File "c"\n'))
    assert kind_of(one) != kind_of(one._replace(end=End(signal=6)))
    assert kind_of(one) != kind_of(one._replace(stacks=stacks.replace("in f", "in g")))


def test_command_lines():
    """One test alone, with nothing of the run touched; gdb stops at the one signal only."""
    alone = pytest_alone("python", "/suite/a.py::t", ["--rootdir=/suite"])
    rerun = gdb_rerun("/bin/gdb", alone, 11)

    assert {"--isolate=no", "no:cacheprovider", "addopts="} <= set(alone)
    assert "handle SIGSEGV stop print" in rerun
    assert alone == rerun[-len(alone) :]
    assert ["python", "core"] == gdb_on_core("gdb", "python", "core")[-2:]
    assert ["core", "--native", "c", "python"] == pystack_on_core("pystack", "python", "c")[1:]


@pytest.mark.parametrize(
    ("way", "tools", "expected"),
    [
        ("auto", ("gdb", "pystack", "py-spy"), "pystack"),
        ("auto", ("gdb", "py-spy"), "py-spy"),
        ("core", ("gdb",), "gdb"),
        ("gdb", ("gdb", "pystack"), "gdb"),
        ("pystack", ("gdb",), ""),
        ("auto", (), ""),
    ],
)
def test_who_looks_at_a_hung_process(way, tools, expected):
    """The one that was asked for, or else the quickest that is there."""
    assert expected == tool_for_hung(way, tools)
    assert "pystack or py-spy or gdb" == wanted_for_hung("auto")


@pytest.mark.parametrize("tool", ["gdb", "pystack", "py-spy"])
def test_command_lines_for_a_hung_process(tool):
    """The program, and the pid."""
    command = on_hung(tool, f"/bin/{tool}", 42)
    assert f"/bin/{tool}" == command[0]
    assert "42" == command[-1]

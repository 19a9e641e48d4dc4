"""pytest-forked's habits, where pytest-forked is not installed."""

from __future__ import annotations

import importlib.util
import os

import pytest

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("pytest_forked") is not None,
    reason="pytest-forked is installed: its option and its mark are its own",
)

SUITE = """
import os, pytest

counter = 0

def note(name):
    global counter
    counter += 1
    with open("pids", "a") as file:
        file.write(f"{{os.getpid()}} {{counter}}\\n")

def test_one(): note("one")
{mark}
def test_wreck():
    note("wreck")
    os.kill(os.getpid(), 11)
def test_two(): note("two")
"""


def notes(pytester):
    lines = (pytester.path / "pids").read_text().splitlines()
    return [tuple(map(int, line.split())) for line in lines]


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["one", "two"])
def test_forked_means_a_process_for_each_test(pytester, heard, workers):
    """With `--forked` each test has a process of its own, and a crash costs one test."""
    pytester.makepyfile(test_ship=SUITE.format(mark=""))

    ran = heard("--forked", *workers)

    pids = {pid for pid, _ in notes(pytester)}
    assert len(pids - {os.getpid()}) == 3
    assert {1} == {count for _, count in notes(pytester)}, "a module's state must be fresh"
    assert ran.failed() == ["test_ship.py::test_wreck"]
    assert sorted(ran.passed()) == ["test_ship.py::test_one", "test_ship.py::test_two"]


def test_the_mark_gives_one_test_a_process(pytester, heard):
    """`@pytest.mark.forked` is `isolate("function")`: this test alone, the others together."""
    pytester.makepyfile(test_ship=SUITE.format(mark="@pytest.mark.forked"))

    ran = heard("--isolate=session", "--strict-markers")

    assert ran.failed() == ["test_ship.py::test_wreck"]
    assert ran.passed() == ["test_ship.py::test_one", "test_ship.py::test_two"]
    (one, _), (wreck, _), (two, _) = notes(pytester)
    assert one == two != wreck


def test_the_mark_is_known_and_inert_without_isolation(pytester, heard):
    """Without isolation the mark changes nothing, under strict markers too."""
    pytester.makepyfile(
        test_ship="""
        import os, pytest
        pids = set()
        @pytest.mark.forked
        def test_one(): pids.add(os.getpid())
        def test_two(): assert pids == {os.getpid()}
        """
    )

    heard("--strict-markers").result.assert_outcomes(passed=2)

"""Isolation really happened, and every collected test really ran, once.

A runner that passes tests it never ran, or runs them twice, or in one process, cannot pass these.
"""

from __future__ import annotations

import itertools

import pytest
from conftest import shown
from suites import SEGV

BODY = """
import os
import pathlib

import pytest

import counter

HERE = pathlib.Path(__file__).parent
in_this_module = 0

def note(name, *facts):
    with (HERE / "canary.txt").open("a") as file:
        file.write(" ".join(map(str, (name, os.getpid(), *facts))) + "\\n")

@pytest.mark.parametrize("number", range(5))
def test_it(number):
    global in_this_module
    in_this_module += 1
    counter.value += 1
    note(f"{__name__}-{number}", in_this_module, counter.value)
"""
SUITE = {"counter.py": "value = 0\n", "test_a.py": BODY, "test_b.py": BODY, "test_c.py": BODY}
ALL = {f"test_{letter}-{number}" for letter in "abc" for number in range(5)}


def notes(path):
    lines = [line.split() for line in (path / "canary.txt").read_text().splitlines()]
    return [(name, *map(int, facts)) for name, *facts in lines]


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
@pytest.mark.parametrize("level", ["session", "module", "function"])
def test_every_test_ran_once_in_the_right_kind_of_process(level, workers, start, run, files):
    """Each test wrote its name once; pids and counters show how many tests shared a process."""
    files(SUITE)
    finished = run(f"--isolate={level}", "-o", f"isolate_start={start}", *workers)
    assert finished.code == 0, shown(finished)
    assert finished.counts == {"passed": 15}
    found = notes(run.path)
    assert sorted(note[0] for note in found) == sorted(ALL)
    by_pid = {pid: [n for n in found if n[1] == pid] for pid in {note[1] for note in found}}
    shared = {"session": (1, 2) if workers else (1,), "module": (3,), "function": (15,)}
    assert len(by_pid) in shared[level]
    for members in by_pid.values():
        # The counter starts afresh in each process and counts what really ran there.
        assert [note[3] for note in members] == list(range(1, len(members) + 1))
    if level == "function":
        assert {note[2:] for note in found} == {(1, 1)}


def test_plain_pytest_would_share_the_counter(run, files):
    """The suite can tell: without isolation the counter runs through all modules."""
    files(SUITE)
    run()
    assert [note[3] for note in notes(run.path)] == list(range(1, 16))


@pytest.mark.parametrize(
    ("level", "workers"),
    list(itertools.product(("session", "module", "function"), ((), ("-n", "2")))),
)
def test_crashes_make_no_test_run_twice(level, workers, run, files):
    """With a crash in each module every test still ran once, the crasher included."""
    files(
        {
            **SUITE,
            **{f"test_{n}.py": BODY + f"    if number == 2:\n        {SEGV}\n" for n in "abc"},
        }
    )
    finished = run(f"--isolate={level}", *workers)
    assert finished.counts == {"passed": 12, "crashed": 3}, shown(finished)
    assert finished.code == 1
    assert sorted(note[0] for note in notes(run.path)) == sorted(ALL)


def test_deselected_and_failed_collection_are_not_run(run, files):
    """What was not selected did not run: the count of the last line is the count of the canaries."""
    files(SUITE)
    finished = run("--isolate=function", "-k", "test_a or 3")
    assert finished.tests == {"passed": 7, "deselected": 8}, shown(finished)
    assert len(notes(run.path)) == 7

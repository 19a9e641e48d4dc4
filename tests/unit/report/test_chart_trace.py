"""Specification of `report.chart_trace`: Chrome's trace format."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import json

from pytest_bulkhead.report.chart_trace import trace_events

from .charting import CRASH, told


def traced(happened=CRASH):
    return list(trace_events(told(happened).chart))


def of(rows, **wanted):
    return [row for row in rows if wanted.items() <= row.items()]


def test_every_event_has_what_the_format_demands():
    """JSON, with a phase, a process and a name; with instants from the run's first event on."""
    rows = traced()

    assert rows == json.loads(json.dumps(rows))
    assert [] == [row for row in rows if not {"ph", "pid", "name"} <= set(row)]
    assert [] == [row for row in rows if row["ph"] != "M" and not 0 <= row["ts"] <= 7_000_000]


def test_a_worker_has_a_track_with_its_tests_and_their_phases():
    """The track has the worker's name, each test its microseconds and its state, phases lie in it."""
    rows = traced()
    [name] = of(rows, name="thread_name")
    [test] = of(rows, name="a.py::s")

    assert (name["tid"], name["args"]) == (0, {"name": "gw0"})
    assert (test["ph"], test["tid"], test["ts"], test["dur"]) == ("X", 0, 2_000_000, 1_000_000)
    assert test["args"] == {"state": "passed", "setup": 0.25, "call": 0.5, "teardown": 0.25}
    call = of(rows, name="call")[0]
    assert (call["ts"], call["dur"]) == (2_250_000, 500_000)


def test_a_crash_is_an_instant_on_its_track():
    """It names the test, where it ended."""
    [crash] = of(traced(), name="crashed")

    assert (crash["ph"], crash["tid"], crash["ts"]) == ("i", 0, 4_000_000)
    assert crash["args"] == {"test": "a.py::t"}


def test_starts_and_ends_of_processes_are_instants_too():
    """With the group, how the process ended, and the most memory that it had."""
    rows = traced()
    starts, [died] = of(rows, name="process starts"), of(rows, name="process ended with SIGSEGV")

    assert [1_000_000, 4_000_000] == [start["ts"] for start in starts]
    assert died["args"]["group"] == "session"
    assert died["args"]["peak_kib"] == 2048
    assert 1 == len(of(rows, name="process left"))


def test_the_counter_tells_how_many_workers_are_busy():
    """A test that follows at once changes nothing."""
    counted = [(row["ts"], row["args"]["busy"]) for row in of(traced(), name="busy workers")]

    assert [(2_000_000, 1), (4_000_000, 0), (5_000_000, 1), (6_000_000, 0)] == counted


def test_what_is_left_running_is_an_instant_of_the_run():
    """With its command."""
    leak = {"leak": {"pid": 7, "command": "sleep 9", "tests": ["a.py::s"]}}
    [row] = of(traced([*CRASH, (107.0, leak)]), name="left running: sleep 9")

    assert (row["s"], row["args"]["pid"]) == ("g", 7)

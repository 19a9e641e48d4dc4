"""pytest-cov: what was executed is known to the line, wherever it was executed."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("pytest_cov")

HULL = """
def float_or_sink(breaches, compartments):
    if breaches > compartments:
        return "sinks"
    if breaches == compartments:
        return "lists"
    return "floats"

def pump():
    return "pumped"

def never_called():
    return "dry"

def cast_off():
    return "at sea"

def only_the_crasher_calls():
    return "wet"

KEEL = pump()
"""

SUITE = {
    "conftest": """
        import pytest, ship.hull
        @pytest.fixture(scope="module")
        def pumped():
            yield ship.hull.pump()
            ship.hull.float_or_sink(1, 1)
        @pytest.fixture(scope="session")
        def moored():
            yield
            ship.hull.cast_off()
    """,
    "test_one": """
        from ship.hull import float_or_sink
        def test_floats(pumped, moored): assert float_or_sink(1, 3) == "floats"
        def test_fails(pumped): assert float_or_sink(1, 3) == "sinks"
    """,
    "test_two": """
        from ship.hull import float_or_sink
        def test_sinks(moored): assert float_or_sink(4, 3) == "sinks"
    """,
}


@pytest.fixture
def suite(pytester):
    package = pytester.mkpydir("ship")
    (package / "hull.py").write_text(HULL)
    pytester.makepyfile(**SUITE)
    return pytester


def coverage(suite, heard, *args):
    """Run with coverage; return the run, and for each file what coverage says of its lines."""
    ran = heard(
        "--cov=ship", "--cov=conftest", "--cov-branch", "--cov-report=json:cov.json", "-q", *args
    )
    files = json.loads((suite.path / "cov.json").read_text())["files"]
    facts = ("executed_lines", "missing_lines", "executed_branches", "missing_branches")
    return ran, {name: {fact: file[fact] for fact in facts} for name, file in files.items()}


@pytest.mark.parametrize(
    "how",
    [
        ("--isolate=session",),
        ("--isolate=session", "-n", "2"),
        ("--isolate=module", "-o", "isolate_start=spawn"),
        ("--isolate=function",),
        ("--isolate=function", "-n", "2"),
    ],
    ids=" ".join,
)
def test_coverage_totals_equal_those_without_us_to_the_line(suite, heard, how):
    """Lines and branches executed are those of plain pytest, however tests are isolated."""
    plain, expected = coverage(suite, heard)
    assert expected["ship/hull.py"]["missing_lines"], "the suite must leave something uncovered"

    isolated, actual = coverage(suite, heard, *how)

    assert expected == actual
    assert plain.outcomes == isolated.outcomes


def test_a_crash_costs_the_coverage_of_the_crashed_test_only(suite, heard):
    """A test that dies loses what it executed itself; its neighbours' lines are all there."""
    _, expected = coverage(suite, heard)
    suite.makepyfile(
        test_wreck="""
        import os, ship.hull
        def test_wreck():
            ship.hull.only_the_crasher_calls()
            os.kill(os.getpid(), 11)
        """
    )

    ran, actual = coverage(suite, heard, "--isolate=function")

    assert expected == actual
    assert "test_wreck.py::test_wreck" in ran.failed()

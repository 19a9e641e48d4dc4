"""hypothesis: examples are found, shown, kept and replayed."""

from __future__ import annotations

import pytest

pytest.importorskip("hypothesis")

ON = "hypothesispytest"

SUITE = """
from hypothesis import given, settings, strategies as st

@given(st.integers())
def test_passes(number):
    assert number == number + 0

@settings(derandomize={derandomize})
@given(st.integers(min_value=0))
def test_fails(number):
    assert number < 1000

class TestClass:
    @given(st.lists(st.integers()))
    def test_sorted(self, numbers):
        assert sorted(numbers) == sorted(numbers[::-1])
"""


def test_what_it_asks_the_collector(pytester, heard, how):
    """Who refers to trio's random stream is found wherever hypothesis is imported: no warning."""
    pytest.importorskip("trio")
    pytester.makeconftest("import trio")
    pytester.makepyfile(test_property="import hypothesis\ndef test_a(): pass")

    run = heard("-W", "error:It looks like `register_random`", *how, on=ON)

    assert run.passed() == ["test_property.py::test_a"], run.text
    assert "HypothesisWarning" not in run.text


def test_outcomes_examples_and_statistics(pytester, heard, how):
    """Outcomes equal plain pytest's; the falsifying example and the statistics are shown."""
    pytester.makepyfile(test_property=SUITE.format(derandomize=True))

    plain = heard(on=ON)
    isolated = heard("--hypothesis-show-statistics", *how, on=ON)

    assert plain.outcomes == isolated.outcomes
    isolated.result.stdout.fnmatch_lines(["E  *number=1000,*"])
    for test in ("test_passes", "test_fails", "TestClass::test_sorted"):
        assert f"test_property.py::{test}:" in isolated.text


def test_the_database_is_shared(pytester, heard, how):
    """An example that a worker found is replayed by plain pytest, from the same database."""
    pytester.makepyfile(test_property=SUITE.format(derandomize=False))

    isolated = heard(*how, on=ON)
    replay = heard("-k", "test_fails", "--hypothesis-show-statistics", on=ON)

    assert isolated.failed() == replay.failed() == ["test_property.py::test_fails"]
    replay.result.stdout.fnmatch_lines(["*during reuse phase*", "*1 failing*"])

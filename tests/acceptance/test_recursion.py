"""A recursion limit that a test sets is the tests' own, and costs no report."""

from __future__ import annotations

import pytest
from conftest import shown


@pytest.mark.parametrize("level", ["session", "function"])
def test_a_limit_that_a_fixture_sets_holds_in_the_test(level, run, files):
    """A fixture lowers the limit for its test; the test is refused what is deeper."""
    files(
        {
            "test_limit.py": """
import sys
import pytest

@pytest.fixture
def shallow():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(300)
    yield
    assert sys.getrecursionlimit() == 300
    sys.setrecursionlimit(before)

def descend(n): return n and descend(n - 1)

def test_shallow(shallow):
    assert sys.getrecursionlimit() == 300
    with pytest.raises(RecursionError):
        descend(400)

def test_deep():
    assert sys.getrecursionlimit() > 300
    descend(400)
"""
        }
    )
    finished = run(f"--isolate={level}")
    assert finished.counts == {"passed": 2}, shown(finished)


def test_a_limit_under_which_pytest_cannot_report_is_lifted(run, files):
    """The failure that left it is reported, and the next tests run."""
    files(
        {
            "test_low.py": """
import sys

def test_guilty():
    depth, frame = 0, sys._getframe()
    while frame:
        depth, frame = depth + 1, frame.f_back
    sys.setrecursionlimit(depth + 15)
    assert [1, 2] == [1, 3]

def test_after(): pass
"""
        }
    )
    finished = run("--isolate=session", "-v")
    assert finished.counts == {"failed": 1, "passed": 1}, shown(finished)
    assert "At index 1 diff: 2 != 3" in finished.out or "RecursionError" in finished.out

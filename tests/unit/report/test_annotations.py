"""Specification of `report.annotations`."""

from __future__ import annotations

from pathlib import Path

from pytest_bulkhead.report.annotations import annotation, place_in


def test_an_annotation():
    """Lines are counted from 1; what GitHub takes for an end of a property or line is escaped."""
    assert annotation("a/t.py", 4, "t.py::test_x", "crashed, 100%:\r\nso") == (
        "::error file=a/t.py,line=5,title=t.py%3A%3Atest_x::crashed, 100%25:%0D%0Aso"
    )
    assert annotation("a,b%.py", None, "t", "x") == "::error file=a%2Cb%25.py,title=t::x"


def test_the_place():
    """Is told from the root of the repository, if it is in there."""
    assert place_in("/repo", Path("/repo/sub/t.py")) == "sub/t.py"
    assert place_in("/repo", Path("/repository/t.py")) == "/repository/t.py"
    assert place_in("", Path("/repo/t.py")) == "/repo/t.py"

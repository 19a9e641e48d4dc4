"""The table of guards in the docs is the registry's."""

from __future__ import annotations

import re
from pathlib import Path

from pytest_bulkhead.guards.registry import ALL, CHEAP, NAMES, UNASKED

PAGE = Path(__file__).parents[3] / "docs" / "guards.md"


def test_the_docs_have_a_row_for_each_guard_and_each_resource():
    """What it watches, when it looks, whether it has to be named, and what to do about a finding."""
    table = (
        PAGE.read_text().partition("<!-- guards: begin -->")[2].partition("<!-- guards: end -->")[0]
    )
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+)$", table, re.M))
    assert list(NAMES) == list(rows)
    for resource in ALL:
        row = rows[resource.name]
        assert resource.watches in row
        assert ("by name only" in row) == (resource.name in UNASKED)
    for name, row in rows.items():
        first = next(resource for resource in ALL if resource.name == name)
        assert f"each {'test' if first in CHEAP else 'module'}" in row
        assert row.endswith(f"| {first.advice} |")

"""Which lines of a module change `sys.modules`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.guards.touching import lines_that_change_modules


@pytest.mark.parametrize(
    "line",
    [
        'del sys.modules["torch"]',
        'sys.modules["torch"] = stub',
        'sys.modules.pop("torch")',
        'patch.dict("sys.modules", {})',
        "mock.patch.dict(sys.modules, clear=True)",
        'monkeypatch.delitem(sys.modules, "torch")',
        "importlib.reload(torch)",
        "reload(torch)",
    ],
)
def test_what_changes_it(line):
    """However it is written."""
    assert lines_that_change_modules(f"import sys\n{line}\n") == [2]


@pytest.mark.parametrize(
    "line",
    [
        'sys.modules["torch"]',
        'assert "torch" in sys.modules',
        "names = list(sys.modules)",
        'sys.modules.get("torch")',
        "reloaded(torch)",
    ],
)
def test_what_only_reads_it(line):
    """Looking changes nothing."""
    assert lines_that_change_modules(f"import sys\n{line}\n") == []

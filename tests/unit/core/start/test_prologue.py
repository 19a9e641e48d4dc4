"""Specification of `core.start.prologue`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.start.prologue import common_imports, leading_imports


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("", []),
        ("'''docstring'''\nfrom __future__ import annotations\nimport a, b.c as d", ["__future__", "a", "b.c"]),
        ("from a.b import c", ["a.b"]),
        ("from . import near\nfrom .near import x\nimport a", ["a"]),
        ("import os\nos.environ['X'] = '1'\nimport torch", ["os"]),
        ("import a\nX = 1\nimport b", ["a"]),
        ("import pytest\ntorch = pytest.importorskip('torch')\nimport b", ["pytest", "torch", "b"]),
        ("import pytest\npytest.importorskip('torch', '2.0')\nimport b", ["pytest", "torch", "b"]),
        ("import pytest\npytest.importorskip(name)\nimport b", ["pytest"]),
        ("import sys\nif sys.platform == 'linux':\n    import a\nimport b", ["sys"]),
        ("try:\n    import a\nexcept ImportError:\n    a = None", []),
        ("import a\ndef test_one(): import b\nimport c", ["a"]),
        ("import a\nthis is no Python", []),
        ("import a\0", []),
    ],
)  # fmt: skip
def test_what_is_imported_before_anything_else(source, names):
    """Imports above the first other statement count, `importorskip` and texts being none."""
    assert names == leading_imports(source)


@pytest.mark.parametrize(
    ("files", "names"),
    [
        ([], []),
        ([["a", "b"]], ["a", "b"]),
        ([["a", "b"], ["b"]], ["a", "b"]),
        ([["a", "b"], ["c", "b"], ["b", "c"]], ["b", "c"]),
        ([["a", "a"], [], []], []),
    ],
)
def test_common_is_what_half_of_the_files_import(files, names):
    """In the order in which the files first import it; twice in one file counts once."""
    assert names == list(common_imports(files))

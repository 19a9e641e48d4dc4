"""Specification of `core.crash.artifacts`."""

from __future__ import annotations

import json

import pytest

from pytest_bulkhead.core.crash.artifacts import MAX_NAME, file_texts, folder_name
from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.crash.standstill import Below, Standstill
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Phase

KNOWN = Evidence("a.py::t", "gw0", Phase.CALL, "", End(signal=11), stacks="Current thread")


@pytest.mark.parametrize(
    ("nodeid", "name"),
    [
        ("sub/test_a.py::TestC::test_x[1-b c]", "sub_test_a.py_TestC_test_x_1-b_c"),
        ("../../etc/passwd", "etc_passwd"),
        ("", "test"),
        ("::\x00\u00e9/", "test"),
        ("x" * 300, "x" * MAX_NAME),
    ],
)
def test_a_name(nodeid, name):
    """It has no slash, does not begin with a dot, is not too long, and is never empty."""
    assert folder_name(nodeid, ()) == name


def test_names_do_not_clash():
    """What differs only in what cannot be written, or in case, or beyond the length, has a number."""
    taken: set[str] = set()
    for nodeid in ("t[a/b]", "t[a_b]", "T[a/b]", "y" * 200, "y" * 201):
        name = folder_name(nodeid, taken)
        assert name.lower() not in taken
        assert len(name) <= MAX_NAME
        taken.add(name.lower())


def test_files():
    """Report, stacks, output by stream, evidence; those left out of which there is nothing."""
    sections = [
        ("Captured stdout setup", "one"),
        ("Captured stdout call", "two"),
        ("isolate: x", ""),
    ]
    texts = file_texts(KNOWN, "crashed", sections)

    assert set(texts) == {"report.txt", "stacks.txt", "stdout.txt", "evidence.json"}
    assert texts["stdout.txt"] == "--- Captured stdout setup\none\n--- Captured stdout call\ntwo\n"
    assert file_texts(KNOWN, "crashed", sections[:1])["stdout.txt"] == "one\n"
    assert json.loads(texts["evidence.json"])["nodeid"] == "a.py::t"


def test_stacks_of_a_hang():
    """Both looks, and those below it."""
    seen = Standstill(0.3, 0.0, "S", again="second", below=(Below(7, "sleep", "S", "theirs"),))
    text = file_texts(KNOWN._replace(standstill=seen), "", ())["stacks.txt"]

    assert text == ("Current thread\n--- 0.30 s later\nsecond\n--- process 7: sleep\ntheirs\n")

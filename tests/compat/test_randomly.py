"""pytest-randomly: one seed, one order, the same numbers."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("pytest_randomly")

SUITE = """
import json, os, random

def note(name):
    line = json.dumps([name, random.random()]) + "\\n"
    fd = os.open("notes.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(fd, line.encode())
    os.close(fd)
"""
MODULE = """
import pytest
from note import note

class TestClass:
    def test_one(self): note("{0}.one")
    def test_two(self): note("{0}.two")

@pytest.mark.parametrize("number", range(6))
def test_number(number): note(f"{0}.{{number}}")
"""


@pytest.fixture
def notes(pytester, heard):
    pytester.makepyfile(note=SUITE, **{f"test_{x}": MODULE.format(x) for x in "abcd"})

    def start(*args):
        path = pytester.path / "notes.jsonl"
        path.unlink(missing_ok=True)
        heard(*args, on="randomly")
        return [tuple(json.loads(line)) for line in path.read_text().splitlines()]

    return start


@pytest.mark.parametrize("level", ["session", "module", "function"])
def test_the_order_of_a_seed_is_plain_pytests(notes, level):
    """With one worker the same seed gives plain pytest's order, and every test its numbers."""
    expected = notes("--randomly-seed=7")
    assert expected != notes("--randomly-seed=8"), "the seed must matter"

    assert expected == notes("--randomly-seed=7", f"--isolate={level}")


@pytest.mark.parametrize("level", ["session", "module", "function"])
def test_the_numbers_of_a_seed_do_not_depend_on_the_workers(notes, level):
    """With two workers each test still gets plain pytest's numbers."""
    expected = notes("--randomly-seed=7")

    actual = notes("--randomly-seed=7", f"--isolate={level}", "-n", "2")

    assert sorted(expected) == sorted(actual)

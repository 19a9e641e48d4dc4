"""Random streams: what nobody has seeded differs from process to process, what was seeded stays."""

from __future__ import annotations

import re

import pytest
from conftest import shown

DRAW = """
import random
def test_a(): print("DRAWN", random.random())
def test_b(): print("DRAWN", random.random())
"""


def drawn(finished):
    """Return what the tests drew, in order."""
    numbers = re.findall(r"DRAWN (\S+)", finished.out)
    assert len(numbers) == 2, shown(finished)
    return numbers


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_what_a_conftest_has_seeded_is_drawn_as_in_plain_pytest(start, run, files):
    """`random.seed(42)` at import: one process draws the same numbers as plain pytest."""
    files({"conftest.py": "import random\nrandom.seed(42)\n", "test_r.py": DRAW})
    isolated = run("--isolate=session", "-o", f"isolate_start={start}", "-rP")
    assert drawn(isolated) == drawn(run("-rP"))


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_the_same_seed_draws_the_same_numbers(start, run, files):
    """Processes differ, runs with the same --isolate-seed do not; the seed is shown."""
    files({"test_r.py": DRAW})
    options = ("--isolate=function", "-o", f"isolate_start={start}", "-rP")
    one, again, other = (run(*options, f"--isolate-seed={seed}") for seed in (7, 7, 8))
    assert "random seed 7" in one.out, shown(one)
    assert drawn(one) == drawn(again)
    assert len({*drawn(one), *drawn(other)}) == 4


def test_the_seed_of_a_run_is_shown_so_that_it_can_be_repeated(run, files):
    """Without --isolate-seed there is one too."""
    files({"test_r.py": DRAW})
    first = run("--isolate=function", "-rP")
    [seed] = re.findall(r"random seed (\d+)", first.out)
    assert drawn(first) == drawn(run("--isolate=function", "-rP", f"--isolate-seed={seed}"))


def test_streams_can_be_left_alone(run, files):
    """`isolate_reseed = off`: no seed is shown, and what was seeded still stays."""
    files({"conftest.py": "import random\nrandom.seed(42)\n", "test_r.py": DRAW})
    finished = run("--isolate=function", "-o", "isolate_reseed=off", "-rP")
    assert "random seed" not in finished.out
    assert len(set(drawn(finished))) == 1, shown(finished)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        ("--isolate-seed=x", "--isolate-seed: 'x' is no whole number below 4294967296"),
        ("--isolate-seed=-1", "--isolate-seed: '-1' is no whole number below 4294967296"),
        ("-oisolate_reseed=maybe", "ini key isolate_reseed: 'maybe' is none of auto, off"),
    ],
)
def test_bad_seeds_are_usage_errors(option, told, run, files):
    """They name the value, where it stands, and what to write instead."""
    files({"test_r.py": DRAW})
    finished = run("--isolate=function", option)
    assert finished.code == 4
    assert told in finished.out, shown(finished)

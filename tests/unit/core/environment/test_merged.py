"""Specification of `core.environment.merged`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.environment.merged import (
    Environment,
    merge,
    read_lines,
    read_profiles,
    with_build_profile,
)
from pytest_bulkhead.core.environment.profiles import (
    HIDE_MPS,
    LIMIT_POOLS,
    LIMIT_TORCH,
    Line,
    Profile,
)
from pytest_bulkhead.errors import UsageProblem


@pytest.mark.parametrize(
    ("names", "words"),
    [
        ([], ""),
        ([], "no"),
        (["cpu"], "cpu"),
        (["cpu", "offline"], "cpu offline"),
        (["cpu", "offline"], " cpu,offline, "),
        (["cpu", "offline"], "cpu offline cpu"),
    ],
)
def test_names_are_divided_by_spaces_or_commas(names, words):
    """Each name counts once; `no` is none."""
    assert names == read_profiles(words, "--isolate-profile")


def test_an_unknown_profile_is_refused():
    """The message has the word, where it stands, and all names that there are."""
    with pytest.raises(UsageProblem) as caught:
        read_profiles("cpu, turbo", "ini key isolate_profile")

    known = "single-thread, cpu, gpu, offline, macos, ci"
    assert f"ini key isolate_profile: 'turbo' is no profile; write some of {known}" == str(
        caught.value
    )


def test_lines_set_and_unset():
    """What is behind the first `=` is the value, an empty one too; a minus before a name unsets."""
    lines = ["A=1", " B = x=y ", "C=", "-D", "A=2"]

    assert {"A": "2", "B": "x=y", "C": "", "D": None} == read_lines(lines, "here")


@pytest.mark.parametrize("line", ["A", "=1", "-", "-A=1", "A B=1", "1A=1", "A=\0", "", "- A B"])
def test_a_line_that_sets_nothing_is_refused(line):
    """The message has the line, where it stands, and both forms."""
    with pytest.raises(UsageProblem) as caught:
        read_lines(["OK=1", line], "ini key isolate_env")

    assert f"ini key isolate_env: {line!r} sets no variable" in str(caught.value)
    assert "NAME=value, or -NAME" in str(caught.value)


def test_nothing_is_an_empty_environment():
    """No profile and no line: nothing is asked for."""
    assert merge([], {}) == Environment()
    assert merge([], {}).empty


@pytest.mark.parametrize(
    ("names", "words", "variable"),
    [
        (["ci"], "", "1"),
        (["cpu", "ci"], "cpu", "1"),
        (["ci", "cpu"], "ci cpu", "1"),
        ([], "no", "1"),
        (["cpu"], "cpu", "0"),
        (["cpu"], "cpu", ""),
    ],
)
def test_a_build_has_its_profile(names, words, variable):
    """Once, beside the others, and not where profiles are off."""
    assert names == with_build_profile(read_profiles(words, ""), words, variable)


def test_what_is_deselected_is_shown():
    """Not where `-m` speaks of it: that then says what runs."""
    merged = merge(["cpu", "ci"], {})

    assert ["qualitative"] == merged.deselects("not slow")
    assert ("cpu", "ci (no qualitative tests)") == merged.shown_profiles("not slow")
    assert [] == merged.deselects("slow or qualitative")
    assert ("cpu", "ci") == merged.shown_profiles("slow or qualitative")


def test_profiles_are_merged_and_own_lines_are_on_top():
    """All lines and acts of all profiles; what is written in `isolate_env` wins."""
    own = {"OMP_NUM_THREADS": "2", "JAX_PLATFORMS": None, "MINE": "x"}

    merged = merge(["single-thread", "cpu"], own)

    assert ("single-thread", "cpu") == merged.profiles
    assert (LIMIT_POOLS, LIMIT_TORCH, HIDE_MPS) == merged.acts
    assert ("2", "1", "", None, "x") == tuple(
        merged.variables[name]
        for name in (
            "OMP_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES", "JAX_PLATFORMS", "MINE",
        )
    )  # fmt: skip
    assert not merged.empty


def test_a_later_profile_wins():
    """Where two profiles speak of the same, the one that is named last counts."""
    known = {
        "one": Profile("", (Line("A", "1", ""), Line("B", "1", "")), start="fork"),
        "two": Profile("", (Line("A", "2", ""),), start="spawn"),
        "none": Profile(""),
    }

    merged = merge(["one", "two", "none"], {}, known)

    assert ({"A": "2", "B": "1"}, "spawn") == (merged.variables, merged.start)
    assert "fork" == merge(["two", "one"], {}, known).start


@pytest.mark.parametrize(
    ("number", "value"), [(4, "4"), (None, "0"), (None, "4,2"), (None, ""), (None, None)]
)
def test_how_many_threads_are_asked_for(number, value):
    """A whole number above zero, or nothing that can be compared."""
    assert number == merge([], {"OMP_NUM_THREADS": value}).number("OMP_NUM_THREADS")


def test_a_variable_that_nobody_asked_for_asks_for_no_number():
    """Absent is no number."""
    assert Environment().number("OMP_NUM_THREADS") is None

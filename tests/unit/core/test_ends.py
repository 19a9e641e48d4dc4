"""Specification of `core.ends`."""

from __future__ import annotations

import os
import signal

import pytest

from pytest_bulkhead.core.ends import SIGNAL_NAMES, UNSEEN, End, decode_status


@pytest.mark.parametrize("code", range(256))
def test_an_exit_code_is_decoded(code):
    """A status of exit has the code that os.waitstatus_to_exitcode finds."""
    end = decode_status(code << 8)

    assert End(code=os.waitstatus_to_exitcode(code << 8)) == end


@pytest.mark.parametrize("number", [1, 6, 9, 11, 15, 31, 64])
@pytest.mark.parametrize("core_dumped", [0, 0x80])
def test_a_signal_is_decoded(number, core_dumped):
    """A status of a signal has its number, whether or not a core was written."""
    assert End(signal=number, peak_kib=7) == decode_status(number | core_dumped, 7)


@pytest.mark.parametrize(
    ("words", "end"),
    [
        ("SIGSEGV", End(signal=11)),
        ("SIGKILL (out of memory)", End(signal=9, out_of_memory=True)),
        ("signal 40", End(signal=40)),
        ("exit code 3", End(code=3)),
        ("an end nobody saw", UNSEEN),
    ],
)
def test_an_end_in_words(words, end):
    """An end is named by its signal or exit code."""
    assert words == str(end)


@pytest.mark.parametrize(
    ("clean", "end"), [(True, End(code=0)), (False, End(code=1)), (False, UNSEEN)]
)
def test_clean_is_exit_code_zero(clean, end):
    """Only exit code 0 is clean; an end nobody saw is not."""
    assert clean is end.clean


def test_names_are_the_platforms():
    """On x86 and ARM the names are what signal(7) says."""
    known = {member.value: member.name for member in signal.Signals}

    assert {n: known[n] for n in SIGNAL_NAMES if n in known and n not in (6, 29, 31)} == {
        n: name for n, name in SIGNAL_NAMES.items() if n in known and n not in (6, 29, 31)
    }


def test_exit_codes_of_our_own_say_what_they_mean():
    """A worker whose channel was closed under it has an exit code that nobody could know."""
    assert "exit code 97 (a test closed the descriptor" in str(End(code=97))
    assert str(End(code=3)) == "exit code 3"

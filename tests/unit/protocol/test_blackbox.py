"""Specification of `protocol.blackbox`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.protocol.blackbox import (
    PAGE_SIZE,
    Tail,
    pack_blame,
    pack_left,
    pack_process,
    pack_stopped,
    unpack_blame,
    unpack_tail,
)

BLAMES = st.builds(
    Blame,
    st.sampled_from(Phase),
    st.integers(-1, 2**40),
    st.text(max_size=30),
    st.floats(0, 1e9),
)


def written(*blames):
    """Return a page in which entries were written one over another."""
    page = memoryview(bytearray(PAGE_SIZE))
    for blame in blames:
        pack_blame(page, blame)
    return page


@given(BLAMES, BLAMES)
def test_the_last_entry_is_read_back(first, last):
    """An entry replaces the one before it in full."""
    assert last == unpack_blame(written(first, last))
    assert last == unpack_blame(bytes(written(first, last)))


def test_an_untouched_page_is_an_empty_entry():
    """A process that wrote nothing yet is starting."""
    assert (Phase.STARTING, 0, "") == unpack_blame(bytes(PAGE_SIZE))[:3]


def test_a_long_subject_loses_its_end():
    """A text that does not fit is cut, also in the middle of a character."""
    for letter in ("x", "é", "…", "🙂"):
        read = unpack_blame(written(Blame(Phase.SETUP, 3, letter * PAGE_SIZE)))

        assert (Phase.SETUP, 3) == (read.phase, read.item)
        assert read.subject.rstrip("\ufffd") == letter * len(read.subject.rstrip("\ufffd"))
        assert len(read.subject.encode()) > PAGE_SIZE - 40


def test_a_surrogate_is_written():
    """A name that is no UTF-8 costs no entry."""
    assert "\\udc80" == unpack_blame(written(Blame(Phase.SETUP, 3, "\udc80"))).subject


@given(st.binary(max_size=60))
def test_a_scribbled_page_never_raises(scribble):
    """Whatever a broken process wrote there, there is an entry, if an empty one."""
    assert isinstance(unpack_blame(scribble.ljust(PAGE_SIZE, b"\xff")), Blame)


@pytest.mark.parametrize("phase", [8, -1, 2**31 - 1])
def test_an_unknown_phase_is_an_empty_entry(phase):
    """A phase that does not exist makes the whole entry worthless."""
    page = bytearray(PAGE_SIZE)
    page[8:12] = phase.to_bytes(4, "little", signed=True)

    assert Blame() == unpack_blame(page)


def test_who_is_at_work_and_what_it_said():
    """A new process has not left; that no test is to start any more holds for all of them."""
    page = written()
    assert Tail(0, left=False, stopped=False) == unpack_tail(page)
    pack_process(page, 4711)
    pack_left(page)
    pack_stopped(page)
    assert Tail(4711, left=True, stopped=True) == unpack_tail(page)
    pack_process(page, 4712)
    assert Tail(4712, left=False, stopped=True) == unpack_tail(page)


def test_the_longest_subject_leaves_the_tail_alone():
    """Blame and tail are written by different processes at different times."""
    page = written()
    pack_process(page, 4711)
    pack_blame(page, Blame(Phase.CALL, 1, "x" * PAGE_SIZE))
    assert 4711 == unpack_tail(page).process
    assert unpack_blame(page).subject

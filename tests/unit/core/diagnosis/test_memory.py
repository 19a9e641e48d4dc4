"""Specification of `core.diagnosis.memory`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.diagnosis.memory import (
    CALLED_NOWHERE,
    COLLECTED,
    HEAP,
    OUT_OF_MEMORY,
    REFERENCES,
    TRUNCATED,
)
from pytest_bulkhead.core.ends import End

from .crashes import certainty, crash, stacks

BAD_ALLOC = "terminate called after throwing an instance of 'std::bad_alloc'\n"


@pytest.mark.parametrize(
    ("sure", "evidence"),
    [
        ("certain", crash(end=End(signal=9, out_of_memory=True))),
        ("certain", crash(6, output=f"{BAD_ALLOC}  what():  std::bad_alloc\n")),
        ("certain", crash(6, output=BAD_ALLOC)),
        ("", crash(6, output=f"{BAD_ALLOC}and more\n")),
        ("", crash(11, output=BAD_ALLOC)),
        ("", crash(9)),
    ],
)
def test_out_of_memory_takes_proof(sure, evidence):
    """The control group's count, or C++'s last words; SIGKILL alone proves nothing."""
    assert certainty(OUT_OF_MEMORY.judge(evidence)) == sure


@pytest.mark.parametrize(
    "words",
    [
        "double free or corruption (!prev)",
        "corrupted size vs. prev_size",
        "free(): invalid pointer",
        "free(): double free detected in tcache 2",
        "malloc(): invalid size (unsorted)",
        "munmap_chunk(): invalid pointer",
    ],
)
def test_the_heap_is_corrupt_by_the_last_words_of_glibc(words):
    """With an abort, and nothing said after them."""
    assert certainty(HEAP.judge(crash(6, output=f"more\n{words}\n"))) == "certain"
    assert HEAP.judge(crash(6, output=f"{words}\nmore\n")) is None
    assert HEAP.judge(crash(6, output=f"a test of {words}\n")) is None
    assert HEAP.judge(crash(11, output=f"{words}\n")) is None


def test_a_wrong_count_of_references_is_told_by_python():
    """With an abort, and as Python writes it: the state of the interpreter is the next line."""
    words = "Fatal Python error: none_dealloc: deallocating None: bug likely caused by a refcount"
    whole = f"{words}\nPython runtime state: initialized\n"

    assert certainty(REFERENCES.judge(crash(6, output=whole))) == "certain"
    assert REFERENCES.judge(crash(6, output=words)) is None
    assert REFERENCES.judge(crash(11, output=whole)) is None


def test_a_crash_of_the_collector_is_one_of_the_thread_that_crashed():
    """By a signal of memory or an abort."""
    collecting = stacks("a.py:t", first="  Garbage-collecting")

    assert certainty(COLLECTED.judge(crash(11, stacks=collecting))) == "likely"
    assert COLLECTED.judge(crash(11, stacks=stacks("a.py:t"))) is None
    assert COLLECTED.judge(crash(14, stacks=collecting)) is None


def test_a_bus_error_is_likely_a_truncated_file():
    """No other signal is."""
    assert certainty(TRUNCATED.judge(crash(7))) == "likely"
    assert TRUNCATED.judge(crash(11)) is None


def called(*frames: str, signal: int = 11, **more: object) -> object:
    """Judge a crash with a native stack."""
    how = "by gdb, of the test run again alone:"
    native = "\n".join([how, *(f"  {frame}" for frame in frames)])
    return CALLED_NOWHERE.judge(crash(signal, native=native, **more))


def test_a_call_of_what_is_in_no_library_is_possibly_a_dead_callback():
    """On top of the native stack, from a function that is known; a null pointer is none, nor a hang."""
    caller = "msort_with_tmp at ./stdlib/msort.c:64"

    assert certainty(called("?? 0x00007ffff7fb8017", caller)) == "possible"
    assert certainty(called("?? 0x00007ffff7fb8017", caller, signal=4)) == "possible"
    assert called("?? 0x0000000000000000", caller) is None
    assert called("?? 0x0000000000000010", caller) is None
    assert called("?? from /lib/libx.so", caller) is None
    assert called("?? 0x00007ffff7fb8017", "?? 0x00007ffff7fb9000") is None
    assert called("strlen", "?? 0x00007ffff7fb8017", caller) is None
    assert called("?? 0x00007ffff7fb8017", caller, signal=6) is None
    assert called("?? 0x00007ffff7fb8017", caller, killed_for="time is up") is None
    assert CALLED_NOWHERE.judge(crash(11)) is None

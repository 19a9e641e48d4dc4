"""Specification of `core.diagnosis.stacks`: what faulthandler writes, of Python 3.10 to 3.13."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.diagnosis.stacks import Stack, crashed_stack, read_stacks

REAL = """Fatal Python error: Segmentation fault

Thread 0x00007eff8f0ff6c0 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 982 in run
  File "/usr/lib/python3.11/threading.py", line 1002 in _bootstrap

Current thread 0x00007effb387eb80 [python] (most recent call first):
  Garbage-collecting
  File "/home/me/a b/test_x.py", line 17 in test_x
  ...

Extension modules: grpc._cython.cygrpc (total: 1)
"""


def test_threads_and_frames_are_read():
    """Each thread has its frames, the latest call first; the one that crashed is the current one."""
    other, crashed = read_stacks(REAL)

    run, start = "/usr/lib/python3.11/threading.py", "/usr/lib/python3.11/threading.py"
    assert other == Stack(((run, "run"), (start, "_bootstrap")), current=False)
    frames = (("/home/me/a b/test_x.py", "test_x"),)
    assert crashed == Stack(frames, current=True, collecting=True, cut=True)
    assert crashed_stack(REAL) == crashed


def test_a_text_without_a_stack_has_none():
    """There is no thread that crashed."""
    assert crashed_stack("no Python frame") == Stack((), current=True)
    assert list(read_stacks("")) == []


PIECES = [*"Thread 0x(most):\n", *REAL.splitlines(keepends=True)]


def test_a_hundred_frames_may_be_more():
    """Python 3.13 does not always say that it has left some out."""
    frame = '  File "a.py", line 1 in f\n'
    head = "Current thread 0x0000000000000001 (most recent call first):\n"

    assert crashed_stack(head + 100 * frame).cut
    assert not crashed_stack(head + 99 * frame).cut


@given(st.lists(st.sampled_from(PIECES)).map("".join))
def test_any_text_can_be_read(text):
    """A torn or foreign text is read as far as it goes."""
    assert isinstance(crashed_stack(text), Stack)

"""Specification of `core.diagnosis.forks`; the words of CUDA and macOS are those of their sources."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.crash.evidence import Forked
from pytest_bulkhead.core.diagnosis.forks import BUSY_CARD, CUDA, MPS, POOL

from .crashes import certainty, crash

STUCK = Forked(7, waits=True, pools=("OpenMP",))
OBJC = (
    "objc[53503]: +[__NSPlaceholderArray initialize] may have been in progress in another thread "
    "when fork() was called.\n"
)


@pytest.mark.parametrize(
    ("sure", "forked"),
    [
        ("likely", (STUCK, STUCK)),
        ("possible", (STUCK, Forked(8, waits=True, pools=("gRPC",)))),
        ("", (STUCK, Forked(8, waits=False, pools=("OpenMP",)))),
        ("", (Forked(7, waits=True, pools=()),)),
        ("", ()),
    ],
)
def test_a_pool_that_a_fork_did_not_copy(sure, forked):
    """All that was forked waits, and a library with a pool is loaded there; of two, it may be either."""
    assert certainty(POOL.judge(crash(9, timed_out=True, forked=forked))) == sure
    assert POOL.judge(crash(9, forked=forked)) is None


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (CUDA, "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use CUDA with"),
        (BUSY_CARD, "CUDA error: CUDA-capable device(s) is/are busy or unavailable"),
    ],
)
def test_a_gpu_that_cannot_be_used_says_so(rule, words):
    """Where the process crashed or hung after that; one that exited has told why by itself."""
    for evidence in (crash(6, output=words), crash(9, timed_out=True, output=words)):
        assert certainty(rule.judge(evidence)) == "certain"
    assert rule.judge(crash(code=1, output=words)) is None
    assert rule.judge(crash(6, output="CUDA out of memory")) is None


def test_frameworks_of_macos_do_not_survive_a_fork():
    """By the words of libobjc, or by those of XPC and a signal of memory."""
    invalid = "XPC_ERROR_CONNECTION_INVALID\n"

    assert certainty(MPS.judge(crash(6, output=OBJC))) == "certain"
    assert certainty(MPS.judge(crash(7, output=invalid))) == "likely"
    assert MPS.judge(crash(6, output=invalid)) is None
    assert MPS.judge(crash(7)) is None

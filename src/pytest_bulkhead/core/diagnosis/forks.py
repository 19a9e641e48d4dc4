"""What does not survive a fork: pools of threads, drivers of GPUs, frameworks of macOS."""

from __future__ import annotations

import re

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.diagnosis.rule import Grounds, Rule, certain, likely, possible, said
from pytest_bulkhead.core.resources.gpu_failures import BUSY, FORKED

#: libobjc, before it ends the child.
_OBJC = re.compile(
    r"^objc\[\d+\]: .*may have been in progress in another thread when fork\(\) was called", re.M
)
_XPC = re.compile(r"^.*XPC_ERROR_CONNECTION_INVALID", re.M)
_BUS, _SEGV = 7, 11


def _pool(evidence: Evidence) -> Grounds | None:
    forked = evidence.forked
    pools = sorted({pool for child in forked for pool in child.pools})
    if not pools or not evidence.timed_out or not all(child.waits for child in forked):
        return None
    where = ", ".join(f"pid {child.pid}" for child in forked[:3])
    reason = f"forked and left with one thread, waiting for a lock when time was up: {where}"
    loaded = f"loaded there, with threads that a fork does not copy: {', '.join(pools)}"
    return likely(reason, loaded) if len(pools) == 1 else possible(reason, loaded)


def _cuda(evidence: Evidence) -> Grounds | None:
    line = said(evidence, FORKED)
    return certain(f"torch says so: {line}") if line and _ended(evidence) else None


def _busy(evidence: Evidence) -> Grounds | None:
    line = said(evidence, BUSY)
    return certain(f"CUDA says so: {line}") if line and _ended(evidence) else None


def _ended(evidence: Evidence) -> bool:
    """Whether what was written last may be why: an exit would have come with an exception."""
    return evidence.timed_out or evidence.end.signal in (6, _SEGV)


def _mps(evidence: Evidence) -> Grounds | None:
    line = said(evidence, _OBJC)
    if line:
        return certain(f"libobjc says so: {line}")
    line = said(evidence, _XPC) if evidence.end.signal in (_BUS, _SEGV) else ""
    return likely(f"a framework of macOS has lost its connection: {line}") if line else None


POOL = Rule(
    "pool_after_fork",
    "a forked child waits for threads of a library that its fork did not copy",
    'write @pytest.mark.mp_start("spawn"), or isolate_profile = single-thread',
    (
        "a hang in multiprocessing/pool.py, in wait or get",
        "The current process just got forked, after parallelism has already been used",
    ),
    "all forked children have one thread and wait for a lock, and one library with a pool of "
    "threads (OpenMP, tokenizers, gRPC, polars) is loaded: likely; several are: possible.",
    "https://github.com/pytorch/pytorch/issues/17199",
    _pool,
)
CUDA = Rule(
    "cuda_after_fork",
    "CUDA was initialised before a fork, and the child cannot use it",
    'write @pytest.mark.mp_start("spawn"); in a conftest, use CUDA in a fixture only',
    ("Cannot re-initialize CUDA in forked subprocess",),
    "torch's words, and a crash or hang: certain. A test that fails so gets a section "
    "`isolate: GPU`. Not run on a GPU here: the words are torch's, of torch/cuda/__init__.py.",
    "https://docs.pytorch.org/docs/stable/notes/multiprocessing.html",
    _cuda,
)
BUSY_CARD = Rule(
    "device_busy",
    "the GPU is taken: it is in exclusive mode, or was lost",
    "write @pytest.mark.requires(gpu=1) at all tests that use it, so that they take turns",
    ("CUDA error: CUDA-capable device(s) is/are busy or unavailable",),
    "CUDA's words, and a crash or hang: certain. A test that fails so gets a section "
    "`isolate: GPU`, with who holds it. Not run on a GPU here: the words are those of "
    "cudaErrorDevicesUnavailable.",
    "https://github.com/pytorch/pytorch/issues/100691",
    _busy,
)
MPS = Rule(
    "macos_after_fork",
    "frameworks of macOS (Metal, MPS, XPC) were used before a fork, and the child cannot use them",
    'write isolate_start = spawn, and @pytest.mark.mp_start("spawn")',
    (
        "objc[1234]: ... may have been in progress in another thread when fork() was called.",
        "XPC_ERROR_CONNECTION_INVALID",
    ),
    "libobjc's words: certain; XPC's and SIGBUS or SIGSEGV: likely. Not run on macOS here: the "
    "words are from reports of others.",
    "http://sealiesoftware.com/blog/archive/2017/6/5/Objective-C_and_fork_in_macOS_1013.html",
    _mps,
)

"""Libraries that cannot be loaded twice, or cannot live with each other or after their loop."""

from __future__ import annotations

import re

from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.diagnosis.rule import Grounds, Rule, certain, left_by, likely, said
from pytest_bulkhead.core.diagnosis.stacks import crashed_stack

_ABORT, _SEGV = 6, 11

_TWICE = re.compile(
    r"^.*(?:cannot load module more than once per process"
    r"|function '\w+' already has a docstring"
    r"|Only a single TORCH_LIBRARY can be used to register the namespace"
    r"|CPU dispatcher tracer already initlized)",
    re.M,
)
#: The module with which the first import of a package begins.
_IMPORTED = re.compile(r"/(torch|numpy)/(?:[\w/]+/)?\w+\.py$")
_OPENMP = re.compile(
    r"^OMP: Error #15: Initializing .+ but found .+ already initialized.*(?:\nOMP: .*)*\s*\Z", re.M
)
#: What grpc.aio has its thread run, which wakes the loop.
_GRPC = "PollerCompletionQueue"


def _twice(evidence: Evidence) -> Grounds | None:
    line = said(evidence, _TWICE) if evidence.end.signal in (_ABORT, _SEGV) else ""
    if line:
        return certain(f"it says so: {line}")
    imported = _importing(evidence)
    evicted = left_by(evidence, "modules", f"{imported} was taken out") if imported else ""
    return certain(evicted, f"it crashed when {imported} was imported") if evicted else None


def _importing(evidence: Evidence) -> str:
    """Return which of the packages was being imported in the thread that crashed."""
    if evidence.end.signal not in (_ABORT, _SEGV):
        return ""
    frames = crashed_stack(evidence.stacks).frames
    found = (_IMPORTED.search(file) for file, function in frames if function == "<module>")
    return next((match[1] for match in found if match), "")


def _openmp(evidence: Evidence) -> Grounds | None:
    line = said(evidence, _OPENMP) if evidence.end.signal == _ABORT else ""
    return certain(f"OpenMP says so: {line}") if line else None


def _grpc(evidence: Evidence) -> Grounds | None:
    left = left_by(evidence, "threads", _GRPC)
    if evidence.end.signal not in (_ABORT, _SEGV) or not left:
        return None
    stack = crashed_stack(evidence.stacks)
    if stack.collecting:
        return likely(left, "it crashed in the collector")
    if any("/asyncio/" in file or "/grpc/" in file for file, _function in stack.frames):
        return likely(left, "it crashed in an event loop")
    return None


TWICE = Rule(
    "imported_twice",
    "torch or numpy was imported twice in one process, which neither can bear",
    "import it before patch.dict(sys.modules), or give that module a process: --isolate=module",
    (
        "ImportError: cannot load module more than once per process",
        "RuntimeError: function '_has_torch_function' already has a docstring",
        "Only a single TORCH_LIBRARY can be used to register the namespace",
        "RuntimeError: CPU dispatcher tracer already initlized",
    ),
    "the words, or the guard `modules`, which saw who took it out, and a crash in its import: "
    "certain.",
    "https://github.com/numpy/numpy/pull/29030",
    _twice,
)
OPENMP = Rule(
    "two_openmp",
    "two OpenMP runtimes are loaded in one process",
    "install the packages from one source, conda or pip; KMP_DUPLICATE_LIB_OK hides it and crashes",
    ("OMP: Error #15: Initializing libiomp5.so, but found libomp.so already initialized.",),
    "the words of the second one, and SIGABRT: certain.",
    "https://github.com/joblib/threadpoolctl/blob/master/multiple_openmp.md",
    _openmp,
)
GRPC = Rule(
    "grpc_aio",
    "a server or channel of grpc.aio has outlived its event loop",
    "await server.stop(None) or channel.close() before its loop is closed",
    (
        "Fatal Python error: Segmentation fault, in asyncio/base_events.py, _add_callback",
        "Exception in callback PollerCompletionQueue._handle_events",
    ),
    "the guard `threads` saw its poller left by an earlier test, and the crash is in a loop or in "
    "the collector: likely.",
    "https://github.com/grpc/grpc/issues/37714",
    _grpc,
)

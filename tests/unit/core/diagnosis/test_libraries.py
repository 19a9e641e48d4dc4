"""Specification of `core.diagnosis.libraries`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.diagnosis.libraries import GRPC, OPENMP, TWICE

from .crashes import certainty, crash, left, stacks

IN_TORCH = stacks(
    "/site-packages/torch/overrides.py:<module>", "/site-packages/torch/__init__.py:<module>",
    "/home/me/similarity.py:<module>",
)  # fmt: skip
EVICTED = left("modules", "torch was taken out of sys.modules: it has native code")


@pytest.mark.parametrize(
    ("sure", "evidence"),
    [
        ("certain", crash(11, stacks=IN_TORCH, left=EVICTED)),
        ("certain", crash(6, output="ImportError: cannot load module more than once per process")),
        (
            "certain",
            crash(6, output="  what():  Only a single TORCH_LIBRARY can be used to register the "
                  "namespace prims; please"),
        ),
        ("", crash(11, stacks=IN_TORCH)),
        ("", crash(11, stacks=stacks("/home/me/a.py:t"), left=EVICTED)),
        ("", crash(11, stacks=stacks("/packages/torch/random.py:seed"), left=EVICTED)),
        ("", crash(14, stacks=IN_TORCH, left=EVICTED)),
    ],
)  # fmt: skip
def test_torch_and_numpy_are_imported_once(sure, evidence):
    """It is said, or the guard saw it evicted and the crash is in its import."""
    assert certainty(TWICE.judge(evidence)) == sure


def test_two_openmp_runtimes_are_told_by_the_second():
    """With an abort, and with nothing after its own words."""
    error = "OMP: Error #15: Initializing libiomp5.so, but found libomp.so already initialized.\n"
    whole = f"{error}OMP: Hint This means that multiple copies ...\n"

    assert certainty(OPENMP.judge(crash(6, output=whole))) == "certain"
    assert OPENMP.judge(crash(6, output=f"{whole}and more")) is None
    assert OPENMP.judge(crash(11, output=whole)) is None


def test_a_server_of_grpc_that_outlived_its_loop():
    """Its thread was left, and the crash is in a loop or in the collector."""
    thread = "the thread Thread-1 (_poll_wrapper) (grpc...PollerCompletionQueue._poll_wrapper)"
    loop = stacks("/lib/python3.11/asyncio/base_events.py:_add_callback", "a.py:t")
    poller = left("threads", thread)

    assert certainty(GRPC.judge(crash(11, stacks=loop, left=poller))) == "likely"
    collecting = stacks("a.py:t", first="  Garbage-collecting")
    assert certainty(GRPC.judge(crash(11, stacks=collecting, left=poller))) == "likely"
    assert GRPC.judge(crash(11, stacks=stacks("a.py:t"), left=poller)) is None
    assert GRPC.judge(crash(11, stacks=loop)) is None
    assert GRPC.judge(crash(14, stacks=loop, left=poller)) is None

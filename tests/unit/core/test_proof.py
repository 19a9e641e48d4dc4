"""Specification of `core.proof`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.proof import Facts, why_not_fork

SAFE = {"platform": "linux", "threads": ("main",)}


def test_a_plain_process_may_be_forked():
    """On Linux, with one thread and nothing else known, forking is safe."""
    assert "" == why_not_fork(Facts(**SAFE))


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("Linux only, this is darwin", {"platform": "darwin"}),
        ("the debugger pydevd is attached", {"debugger": "pydevd"}),
        ("CUDA is in use", {"accelerator": "CUDA is in use"}),
        ("cannot be counted", {"threads": ()}),
        ("1 thread(s) beside the main one: grpc", {"threads": ("main", "grpc")}),
        (
            "2 thread(s) beside the main one: monitor (Python), grpc",
            {"threads": ("main", "monitor", "grpc"), "python_threads": ("monitor",)},
        ),
        ("was read while a.py was imported", {"id_read_at": "a.py", "workers": 2}),
    ],
)
def test_what_forbids_a_fork_is_named(words, facts):
    """Each fact that makes forking unsafe is the reason that is shown."""
    assert words in why_not_fork(Facts(**{**SAFE, **facts}))


def test_a_worker_id_read_early_is_harmless_for_one_worker():
    """With one worker there is only one id to read."""
    assert "" == why_not_fork(Facts(**SAFE, id_read_at="a.py", workers=1))


def test_at_most_four_names():
    """A pool of a hundred threads fills no screen."""
    threads = tuple(f"omp{number}" for number in range(100))

    assert why_not_fork(Facts("linux", threads)).endswith(": omp1, omp2, omp3, omp4")

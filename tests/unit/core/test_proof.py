"""Specification of `core.proof`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.proof import Facts, PythonThread, reasons_not_to_fork, why_not_fork

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
            {
                "threads": ("main", "monitor", "grpc"),
                "python_threads": (PythonThread("monitor"),),
            },
        ),
        (
            "1 thread(s) beside the main one: poller (Python, started at a.py:3)",
            {"threads": ("main", "poller"), "python_threads": (PythonThread("poller", "a.py:3"),)},
        ),
        ("was read at import, at a.py:3", {"id_read_at": "a.py:3", "workers": 2}),
        (
            "a socket that is connected to db:1 would be shared, and 1 more",
            {"sockets": ("a socket that is connected to db:1", "a socket that listens on b:2")},
        ),
        ("a child process is waited for here alone: redis-server", {"children": ("redis-server",)}),
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


def test_all_reasons_are_told_the_weightiest_first():
    """Whoever mends the first one wants to know of the next."""
    facts = Facts("linux", ("main", "x"), accelerator="CUDA", children=("redis",))
    reasons = list(reasons_not_to_fork(facts))

    assert 3 == len(reasons)
    assert why_not_fork(facts) == reasons[0] == "CUDA"

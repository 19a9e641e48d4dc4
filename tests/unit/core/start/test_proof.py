"""Specification of `core.start.proof`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.known import Known, Unknown
from pytest_bulkhead.core.start.proof import (
    Accelerator,
    Facts,
    PythonThread,
    reasons_not_to_fork,
    warn_of_held,
    why_not_fork,
)

NOTHING = Known((), "a test")
NOWHERE = Known("", "a test")
CUDA = Accelerator("CUDA")
SAFE = Facts(
    platform=Known("linux", "a test"),
    debugger=NOWHERE,
    accelerators=NOTHING,
    grpc=NOTHING,
    python_threads=NOTHING,
    native_threads=NOTHING,
    id_read_at=NOWHERE,
    sockets=NOTHING,
    children=NOTHING,
    tasks=NOTHING,
)


def seen(source: str = "a test", **values) -> Facts:
    """Return what is seen of a safe process, but for these facts."""
    return SAFE._replace(**{name: Known(value, source) for name, value in values.items()})


def test_a_plain_process_may_be_forked():
    """On Linux, with one thread and nothing else known, forking is safe."""
    assert "" == why_not_fork(SAFE, workers=2)


@pytest.mark.parametrize(
    ("words", "facts"),
    [
        ("forking is proven on Linux only, this is darwin", {"platform": "darwin"}),
        ("the debugger pydevd is attached", {"debugger": "pydevd"}),
        ("CUDA is initialised in this process, says a test", {"accelerators": (CUDA,)}),
        (
            "CUDA holds device 0, 2 in this process, says a test",
            {"accelerators": (Accelerator("CUDA", (0, 2)),)},
        ),
        (
            "says a test: a.py:3 called gpus(); hint: do it in a fixture, or ask by the mark `requires`",
            {"accelerators": (Accelerator("CUDA", (), "a.py:3 called gpus()"),)},
        ),
        (
            "a channel, a server or the like is alive (thread grpc_global_tim, and 1 more)",
            {"grpc": ("grpc_global_tim", "event_engine")},
        ),
        ("1 thread(s) beside the main one: omp", {"native_threads": ("omp",)}),
        (
            "2 thread(s) beside the main one: monitor (Python), omp",
            {"native_threads": ("omp",), "python_threads": (PythonThread("monitor"),)},
        ),
        (
            "1 thread(s) beside the main one: poller (Python, started at a.py:3)",
            {"python_threads": (PythonThread("poller", "a.py:3"),)},
        ),
        ("PYTEST_XDIST_WORKER was read at import, at a.py:3", {"id_read_at": "a.py:3"}),
        (
            "a socket that is connected to db:1 would be shared, and 1 more",
            {"sockets": ("a socket that is connected to db:1", "a socket that listens on b:2")},
        ),
        ("a child process is waited for here alone: redis-server", {"children": ("redis-server",)}),
        ("a task is under way: beat, and 1 more", {"tasks": ("a task is under way: beat", "b")}),
    ],
)
def test_what_forbids_a_fork_is_named(words, facts):
    """Each fact that makes forking unsafe is the reason that is shown."""
    assert why_not_fork(seen(**facts), workers=2).endswith(words)


@pytest.mark.parametrize("name", Facts._fields)
def test_what_is_unknown_forbids_a_fork(name):
    """So does each fact that nobody knows, by the reason for that.

    Save three: gRPC's threads are among all threads, and Python's names are for the reader; what
    tasks hold are facts of their own.
    """
    why = why_not_fork(SAFE._replace(**{name: Unknown("nobody can say")}), workers=2)

    if name == "platform":
        assert "this is unknown" in why
    else:
        assert why == ("" if name in ("grpc", "python_threads", "tasks") else "nobody can say")


@pytest.mark.parametrize("fact", [Known("a.py", "a test"), Unknown("nobody has seen")])
def test_a_worker_id_read_early_is_harmless_for_one_worker(fact):
    """With one worker there is only one id to read."""
    assert "" == why_not_fork(SAFE._replace(id_read_at=fact), workers=1)


def test_at_most_four_names():
    """A pool of a hundred threads fills no screen."""
    why = why_not_fork(seen(native_threads=tuple(f"omp{n}" for n in range(100))), workers=1)

    assert "100 thread(s) beside the main one: omp0, omp1, omp2, omp3" == why


def test_all_reasons_are_told_the_weightiest_first():
    """Whoever mends the first one wants to know of the next."""
    facts = seen(native_threads=("x",), accelerators=(CUDA,), children=("redis",))
    reasons = list(reasons_not_to_fork(facts, workers=1))

    assert 3 == len(reasons)
    assert why_not_fork(facts, workers=1) == reasons[0]
    assert reasons[0].startswith("CUDA")


def test_what_pytests_own_process_holds_is_told():
    """A driver that is initialised there and no more is no matter, nor what nobody knows."""
    held = Known((CUDA, Accelerator("CUDA", (0, 1), "a.py:3 called gpus()")), "a test")

    told = "pytest's own process holds device 0, 1 of CUDA: a.py:3 called gpus(); no test can use "
    assert warn_of_held(held).startswith(told)
    for fact in (NOTHING, Known((CUDA,), "a test"), Unknown("nobody can say")):
        assert "" == warn_of_held(fact)

"""May this process be forked? A list of questions, each with the facts that answer it.

Forking copies one thread. Whatever the others held (a lock of malloc, an OpenMP pool, a gRPC
poller, a CUDA context) stays held for ever in the child. So forking is allowed on proof only:
what is unknown counts as unsafe, and the reason is shown.
"""

from __future__ import annotations

from typing import NamedTuple


class Facts(NamedTuple):
    """What was seen of a process that is to be forked."""

    #: The platform as `sys.platform` names it.
    platform: str
    #: Names of all native threads, the main one first; empty when they cannot be counted.
    threads: tuple[str, ...]
    #: Names of the Python threads beside the main one.
    python_threads: tuple[str, ...] = ()
    #: Why an accelerator is in use, by the word of its driver; empty when none is.
    accelerator: str = ""
    #: Where the worker's id was read while modules were imported; empty for nowhere.
    id_read_at: str = ""
    #: How many workers there may be at once.
    workers: int = 1
    #: A debugger that watches this process from threads of its own.
    debugger: str = ""


def why_not_fork(facts: Facts) -> str:
    """Return why a process may not be forked, empty when it may."""
    if not facts.platform.startswith("linux"):
        return f"forking is proven on Linux only, this is {facts.platform}"
    if facts.debugger:
        return f"the debugger {facts.debugger} is attached"
    if facts.accelerator:
        return facts.accelerator
    if not facts.threads:
        return "the threads of the process cannot be counted"
    if len(facts.threads) > 1:
        return f"{len(facts.threads) - 1} thread(s) beside the main one: {_names(facts)}"
    if facts.id_read_at and facts.workers > 1:
        return f"PYTEST_XDIST_WORKER was read while {facts.id_read_at} was imported"
    return ""


def _names(facts: Facts) -> str:
    names = [f"{name} (Python)" for name in facts.python_threads]
    native = list(facts.threads[1 + len(facts.python_threads) :])
    return ", ".join([*names, *native][:4])

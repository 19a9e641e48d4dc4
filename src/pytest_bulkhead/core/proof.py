"""May this process be forked? A list of questions, each with the facts that answer it.

Forking copies one thread. Whatever the others held (a lock of malloc, an OpenMP pool, a gRPC
poller, a CUDA context) stays held for ever in the child. So forking is allowed on proof only:
what is unknown counts as unsafe, and the reason is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class PythonThread(NamedTuple):
    """A thread that Python knows of."""

    name: str
    #: The line of the user's whose import started it, as `file:line`; empty when not seen.
    place: str = ""


class Facts(NamedTuple):
    """What was seen of a process that is to be forked."""

    #: The platform as `sys.platform` names it.
    platform: str
    #: Names of all native threads, the main one first; empty when they cannot be counted.
    threads: tuple[str, ...]
    #: The Python threads beside the main one.
    python_threads: tuple[PythonThread, ...] = ()
    #: Why an accelerator is in use, by the word of its driver; empty when none is.
    accelerator: str = ""
    #: Where the worker's id was read while modules were imported; empty for nowhere.
    id_read_at: str = ""
    #: How many workers there may be at once.
    workers: int = 1
    #: A debugger that watches this process from threads of its own.
    debugger: str = ""
    #: What its open sockets do: listen, or are connected to somebody.
    sockets: tuple[str, ...] = ()
    #: The command lines of its child processes.
    children: tuple[str, ...] = ()


def why_not_fork(facts: Facts) -> str:
    """Return why a process may not be forked, empty when it may."""
    return next(reasons_not_to_fork(facts), "")


def reasons_not_to_fork(facts: Facts) -> Iterator[str]:
    """Yield everything that speaks against forking, the weightiest first."""
    if not facts.platform.startswith("linux"):
        yield f"forking is proven on Linux only, this is {facts.platform}"
    if facts.debugger:
        yield f"the debugger {facts.debugger} is attached"
    if facts.accelerator:
        yield facts.accelerator
    yield from _reasons_of_threads(facts)
    if facts.id_read_at and facts.workers > 1:
        yield f"PYTEST_XDIST_WORKER was read at import, at {facts.id_read_at}"
    if facts.sockets:
        yield f"{facts.sockets[0]} would be shared{_and_more(facts.sockets)}"
    if facts.children:
        only = f"a child process is waited for here alone: {facts.children[0]}"
        yield only + _and_more(facts.children)


def _reasons_of_threads(facts: Facts) -> Iterator[str]:
    if not facts.threads:
        yield "the threads of the process cannot be counted"
    elif len(facts.threads) > 1:
        yield f"{len(facts.threads) - 1} thread(s) beside the main one: {_names(facts)}"


def _and_more(found: Sequence[str]) -> str:
    return f", and {len(found) - 1} more" if len(found) > 1 else ""


def _names(facts: Facts) -> str:
    names = [f"{thread.name} (Python{_started(thread)})" for thread in facts.python_threads]
    native = list(facts.threads[1 + len(facts.python_threads) :])
    return ", ".join([*names, *native][:4])


def _started(thread: PythonThread) -> str:
    return f", started at {thread.place}" if thread.place else ""

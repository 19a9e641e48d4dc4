"""May this process be forked? A list of questions, each with the facts that answer it.

Forking copies one thread. Whatever the others held (a lock of malloc, an OpenMP pool, a gRPC
poller, a CUDA context) stays held for ever in the child. So forking is allowed on proof only:
what is unknown counts as unsafe, and the reason is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.known import Fact, Known, T, Unknown, value_or


class PythonThread(NamedTuple):
    """A thread that Python knows of."""

    name: str
    #: The line of the user's whose import started it, as `file:line`; empty when not seen.
    place: str = ""


class Accelerator(NamedTuple):
    """An accelerator that a process has initialised."""

    name: str
    #: The devices on which it holds a context: none while it only counted them, or the like.
    devices: tuple[int, ...] = ()
    #: Who did it, as `a.py:3 called torch.cuda.init()`; empty when not seen.
    blamed: str = ""


class Facts(NamedTuple):
    """What was seen of a process that is to be forked."""

    #: The platform as `sys.platform` names it.
    platform: Fact[str]
    #: A debugger that watches this process from threads of its own; empty for none.
    debugger: Fact[str]
    #: What accelerators are in use.
    accelerators: Fact[tuple[Accelerator, ...]]
    #: The threads of gRPC's core, by name: it has some from the moment that it is initialised.
    grpc: Fact[tuple[str, ...]]
    #: The Python threads beside the main one.
    python_threads: Fact[tuple[PythonThread, ...]]
    #: The names of all threads that Python knows nothing of.
    native_threads: Fact[tuple[str, ...]]
    #: Where the worker's id was read while modules were imported; empty for nowhere.
    id_read_at: Fact[str]
    #: What its open sockets do: listen, or are connected to somebody.
    sockets: Fact[tuple[str, ...]]
    #: The command lines of its child processes.
    children: Fact[tuple[str, ...]]
    #: What its event loops have begun and not ended.
    tasks: Fact[tuple[str, ...]]


def why_not_fork(facts: Facts, workers: int) -> str:
    """Return why a process may not be forked, empty when it may."""
    return next(reasons_not_to_fork(facts, workers), "")


def reasons_not_to_fork(facts: Facts, workers: int) -> Iterator[str]:
    """Yield everything that speaks against forking, the weightiest first.

    What it means that a fact is unknown is decided here: it speaks against forking as well. Save
    that gRPC's and Python's threads are among all threads, and those have to be known; and that a
    task harms nobody while its loop does not run: what it may hold, a connection, a thread or a
    child, is a fact of its own.

    Args:
        facts: what was seen of the process.
        workers: how many of its forks there may be at once.
    """
    platform = value_or(facts.platform, "unknown")
    if not platform.startswith("linux"):
        yield f"forking is proven on Linux only, this is {platform}"
    yield from _told(facts.debugger, _of_debugger)
    yield from _told(facts.accelerators, _of_accelerators)
    if isinstance(facts.grpc, Known):
        yield from _told(facts.grpc, _of_grpc)
    yield from _told(_threads(facts), _of_threads)
    if workers > 1:
        yield from _told(facts.id_read_at, _of_id)
    yield from _told(facts.sockets, _of_sockets)
    yield from _told(facts.children, _of_children)
    if isinstance(facts.tasks, Known):
        yield from _told(facts.tasks, _of_tasks)


def _told(fact: Fact[T], why: Callable[[Known[T]], str]) -> Iterator[str]:
    if isinstance(fact, Unknown):
        yield fact.reason
    elif fact.value:
        yield why(fact)


def _of_debugger(debugger: Known[str]) -> str:
    return f"the debugger {debugger.value} is attached"


def _of_accelerators(accelerators: Known[tuple[Accelerator, ...]]) -> str:
    name, devices, blamed = accelerators.value[0]
    state = f"{name} holds device {_numbers(devices)}" if devices else f"{name} is initialised"
    hint = "do it in a fixture, or ask by the mark `requires`"
    who = f": {blamed}; hint: {hint}" if blamed else ""
    return f"{state} in this process, says {accelerators.source}{who}"


def warn_of_held(accelerators: Fact[tuple[Accelerator, ...]]) -> str:
    """Return what to say of devices that pytest's own process holds, empty for none.

    An initialised driver is no matter there, for nothing is forked from it any more.
    """
    held = [one for one in value_or(accelerators, ()) if one.devices]
    if not held:
        return ""
    name, devices, blamed = held[0]
    who = f": {blamed}" if blamed else ""
    return (
        f"pytest's own process holds device {_numbers(devices)} of {name}{who}; no test can use "
        "what it holds where the compute mode is EXCLUSIVE_PROCESS, nor its memory elsewhere"
    )


def _numbers(devices: Sequence[int]) -> str:
    return ", ".join(map(str, devices))


def _of_grpc(grpc: Known[tuple[str, ...]]) -> str:
    alive = "the core of gRPC is running: a channel, a server or the like is alive"
    return f"{alive} (thread {grpc.value[0]}{_and_more(grpc.value)})"


def _threads(facts: Facts) -> Fact[tuple[str, ...]]:
    """Return all threads beside the main one, Python's first."""
    native = facts.native_threads
    if isinstance(native, Unknown):
        return native
    python = (f"{t.name} (Python{_started(t)})" for t in value_or(facts.python_threads, ()))
    return Known((*python, *native.value), native.source)


def _started(thread: PythonThread) -> str:
    return f", started at {thread.place}" if thread.place else ""


def _of_threads(threads: Known[tuple[str, ...]]) -> str:
    names = threads.value
    return f"{len(names)} thread(s) beside the main one: {', '.join(names[:4])}"


def _of_id(place: Known[str]) -> str:
    return f"PYTEST_XDIST_WORKER was read at import, at {place.value}"


def _of_sockets(sockets: Known[tuple[str, ...]]) -> str:
    return f"{sockets.value[0]} would be shared{_and_more(sockets.value)}"


def _of_children(children: Known[tuple[str, ...]]) -> str:
    only = f"a child process is waited for here alone: {children.value[0]}"
    return only + _and_more(children.value)


def _of_tasks(tasks: Known[tuple[str, ...]]) -> str:
    return tasks.value[0] + _and_more(tasks.value)


def _and_more(found: Sequence[str]) -> str:
    return f", and {len(found) - 1} more" if len(found) > 1 else ""

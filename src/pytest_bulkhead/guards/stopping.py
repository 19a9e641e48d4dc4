"""How background threads of well-known libraries are stopped, as their owners would stop them.

Each line of `KNOWN` says how such a thread is recognised and what asks it to end; to wait for that
is the caller's business. Nothing is imported: a thread of a library exists only where that is.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Container
from typing import Any, NamedTuple


class Known(NamedTuple):
    """A kind of background threads."""

    #: What it is, for users.
    what: str
    #: Whether a thread is one of them.
    fits: Callable[[Any], bool]
    #: Asks a thread to end; returns at once, or nearly.
    stop: Callable[[Any], object]
    #: Seconds that it may take to end.
    grace: float = 2.0
    #: Nobody misses it: its library starts another one when there is something to do.
    comes_back: bool = False


def stop_what_comes_back(kept: Container[threading.Thread]) -> None:
    """Stop threads that nobody would miss, except for some, and wait for their end.

    A process with threads cannot be forked safely.
    """
    for thread in threading.enumerate():
        known = recognise(thread) if thread not in kept else None
        if known is not None and known.comes_back:
            known.stop(thread)
            thread.join(known.grace)


def recognise(thread: threading.Thread) -> Known | None:
    """Return which kind of thread it is; None for an unknown one."""
    for known in KNOWN:
        try:
            if known.fits(thread):
                return known
        except Exception:  # noqa: BLE001, S112 - it only looks like one of those
            continue
    return None


def _is_a(module: str, *names: str) -> Callable[[Any], bool]:
    """Recognise by the class, or a base of it, also in a copy that another package carries."""

    def fits(thread: Any) -> bool:  # noqa: ANN401 - as all below: threads of any library
        return any(
            cls.__name__ in names and f".{cls.__module__}".endswith(f".{module}")
            for cls in type(thread).__mro__
        )

    return fits


def _runs(module: str, name: str) -> Callable[[Any], bool]:
    """Recognise by the function that it runs, or the method of a class or a base of it."""

    def fits(thread: Any) -> bool:  # noqa: ANN401
        target = thread._target
        function = getattr(target, "__func__", target)
        return bool(function.__name__ == name and function.__module__ == module)

    return fits


def _owner(thread: Any) -> Any:  # noqa: ANN401
    """Return the object whose method a thread runs."""
    return thread._target.__self__


def _is_pooled(thread: Any) -> bool:  # noqa: ANN401
    module: Any = sys.modules.get("concurrent.futures.thread")
    return module is not None and thread in module._threads_queues


def _stop_pool(thread: Any) -> None:  # noqa: ANN401
    executor = thread._args[0]()  # a weak reference; without an executor its threads end
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)


def _stop_processes(thread: Any) -> None:  # noqa: ANN401
    executor = thread.executor_reference()
    if executor is not None:
        executor.shutdown(wait=False, cancel_futures=True)


def _stop_loky(thread: Any) -> None:  # noqa: ANN401
    executor = thread.executor_reference()
    if executor is not None:
        executor.shutdown(wait=False, kill_workers=True)


def _stop_server(thread: Any) -> None:  # noqa: ANN401
    server = _owner(thread)
    # `shutdown` would do this and wait, without a limit, for a request that hangs.
    server._BaseServer__shutdown_request = True
    server.socket.close()


def _stop_sentry(_thread: object) -> None:
    sys.modules["sentry_sdk"].get_client().close(timeout=1.0)


KNOWN = (
    Known("a timer", lambda thread: isinstance(thread, threading.Timer), lambda one: one.cancel()),
    Known(
        "tqdm's monitor",
        _is_a("tqdm._monitor", "TMonitor"),
        lambda one: one.was_killed.set(),
        comes_back=True,
    ),
    Known("posthog's consumer", _is_a("posthog.consumer", "Consumer"), lambda one: one.pause()),
    Known("posthog's poller", _is_a("posthog.poller", "Poller"), lambda one: one.stop()),
    Known("a thread of a ThreadPoolExecutor", _is_pooled, _stop_pool),
    Known(
        "the manager of a ProcessPoolExecutor",
        _is_a("concurrent.futures.process", "_ExecutorManagerThread"),
        _stop_processes,
    ),
    Known(
        "the manager of loky's processes, as joblib uses them",
        _is_a("loky.process_executor", "_ExecutorManagerThread"),
        _stop_loky,
        5.0,
    ),
    Known("a server", _runs("socketserver", "serve_forever"), _stop_server),
    Known(
        "a QueueListener of logging",
        _runs("logging.handlers", "_monitor"),
        lambda one: _owner(one).enqueue_sentinel(),
    ),
    Known(
        "sentry's worker",
        lambda one: one.name.startswith(("sentry.", "sentry-sdk.")),
        _stop_sentry,
    ),
    Known(
        "the pinning thread of a torch DataLoader",
        _runs("torch.utils.data._utils.pin_memory", "_pin_memory_loop"),
        lambda one: one._args[3].set(),
    ),
)

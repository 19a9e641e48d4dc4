"""What asyncio has begun in this process and not ended.

An idle loop is memory and a pair of sockets, and each forked child goes on with its copy; so
pytest-asyncio's loops of wider scope are shared. A task is work that somebody has begun: in every
child it would go on from where it was, and here it would not.

One task is none of that. anyio runs all async fixtures in a task of its own, which stands waiting
for the next one. So a task in which no code of the user stands counts only where its loop is not
at rest: a task that waits neither for the clock nor for a connection nor for its turn waits to be
given something, and its copy is given something in its place.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.system.places import is_of_user

#: Where asyncio keeps the tasks of all loops. From Python 3.14 on, only a loop's are to be had.
_TASKS = "_scheduled_tasks" if sys.version_info >= (3, 12) else "_all_tasks"


def unfinished_tasks() -> Fact[tuple[str, ...]]:
    """Return what event loops have begun and not ended; costs nothing without asyncio."""
    asyncio = sys.modules.get("asyncio")
    if asyncio is None:
        return Known((), "asyncio was never imported")
    if sys.version_info >= (3, 14):
        return Unknown("this Python does not say which tasks there are")
    try:
        tasks = list(getattr(asyncio.tasks, _TASKS))
    except RuntimeError as problem:
        return Unknown(f"tasks of event loops come and go in another thread: {problem}")
    running = ["an event loop is running in this thread"] if _is_running(asyncio) else []
    return Known((*running, *sorted(filter(None, map(_describe, tasks)))), "asyncio.all_tasks")


def _is_running(asyncio: Any) -> bool:  # noqa: ANN401 - the module
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _describe(task: Any) -> str:  # noqa: ANN401 - asyncio.Task
    """Return which task it is, empty when it is none that counts."""
    loop = task.get_loop()
    if task.done() or loop.is_closed():
        return ""
    stack = list(_awaited(task.get_coro()))
    of_user = [coroutine for coroutine in stack if _is_of_user(coroutine)]
    if not of_user and _is_at_rest(loop):
        return ""
    name = next(map(_place, of_user or stack), task.get_name())
    return f"a task is under way in an event loop: {name}"


def _awaited(coroutine: Any) -> Iterator[Any]:  # noqa: ANN401 - whatever can be awaited
    """Yield the coroutine of a task, the one that it awaits, and so on."""
    while hasattr(coroutine, "cr_await"):
        yield coroutine
        coroutine = coroutine.cr_await


def _is_of_user(coroutine: Any) -> bool:  # noqa: ANN401 - a coroutine
    code = coroutine.cr_code
    return code is None or is_of_user(code.co_filename)  # Cython's have no code to look at


def _place(coroutine: Any) -> str:  # noqa: ANN401 - a coroutine
    code = coroutine.cr_code
    place = f" ({code.co_filename}:{code.co_firstlineno})" if code is not None else ""
    return f"{coroutine.__qualname__}{place}"


def _is_at_rest(loop: Any) -> bool:  # noqa: ANN401 - asyncio.AbstractEventLoop
    """Whether nothing would happen in a loop if it ran; only asyncio's own can be asked."""
    try:
        timers = [timer for timer in loop._scheduled if not timer.cancelled()]
        # One connection is its own, by which signals and threads wake it.
        return not loop._ready and not timers and len(loop._selector.get_map()) <= 1
    except AttributeError:
        return False

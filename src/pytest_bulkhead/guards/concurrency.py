"""What asyncio and multiprocessing keep for the whole process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pytest_bulkhead.guards.resource import Resource, short


class EventLoops(Resource):
    """The policy of event loops, and the loop that is set.

    Read behind asyncio's back: `get_event_loop` would make a loop where there is none.
    """

    name = "asyncio"
    watches = "the event loop policy, and a loop that is set and not closed"
    advice = "use asyncio.run(), or close the loop in a fixture's teardown"
    may_be_held = True

    def snapshot(self) -> tuple[Any, Any]:
        policy = getattr(sys.modules.get("asyncio.events"), "_event_loop_policy", None)
        loop = getattr(getattr(policy, "_local", None), "_loop", None)
        return policy, None if loop is None or loop.is_closed() else loop

    def differences(self, before: tuple[Any, Any], after: tuple[Any, Any]) -> Iterator[str]:
        # None is a policy that nobody has asked for yet.
        if after[0] is not before[0] and before[0] is not None:
            yield f"the event loop policy is {short(after[0])}"
        if after[1] is not None and after[1] is not before[1]:
            yield f"an event loop is set and was not closed: {short(after[1])}"

    def restore(self, before: tuple[Any, Any]) -> None:
        policy, loop = self.snapshot()
        if loop is not None and loop is not before[1] and not loop.is_running():
            loop.close()
        if before[0] is not None and policy is not before[0]:
            sys.modules["asyncio.events"]._event_loop_policy = before[0]  # type: ignore[attr-defined]


class StartMethod(Resource):
    """How multiprocessing starts processes."""

    name = "multiprocessing"
    watches = "the start method of `multiprocessing`, and its children that are alive"
    advice = "use multiprocessing.get_context(), and join children in a teardown"
    may_be_held = True

    def snapshot(self) -> tuple[Any, frozenset[Any]]:
        context = getattr(sys.modules.get("multiprocessing.context"), "_default_context", None)
        children = getattr(sys.modules.get("multiprocessing.process"), "_children", ())
        return getattr(context, "_actual_context", None), frozenset(children)

    def differences(self, before: tuple[Any, Any], after: tuple[Any, Any]) -> Iterator[str]:
        if after[0] is not before[0] and (before[0] is not None or not _is_usual(after[0])):
            yield f"the start method is {_method(after[0])}, it was {_method(before[0])}"
        for child in sorted(after[1] - before[1], key=lambda child: str(child.name)):
            if child.is_alive():
                yield f"the child process {child.name} (pid {child.pid}) is alive"

    def restore(self, before: tuple[Any, Any]) -> None:
        context, children = self.snapshot()
        if context is not before[0]:
            sys.modules["multiprocessing.context"]._default_context._actual_context = before[0]
        for child in children - before[1]:
            if child.is_alive():
                child.terminate()
                child.join(1.0)


def _is_usual(context: Any) -> bool:  # noqa: ANN401
    """Whether a context is the platform's own, which the first who starts a process chooses."""
    module: Any = sys.modules["multiprocessing.context"]
    return context is module._default_context._default_context


def _method(context: Any) -> str:  # noqa: ANN401
    return str(getattr(context, "_name", None) or "not chosen")

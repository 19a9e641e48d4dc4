"""What the user asks of guards: the ini keys, read in the processes that need them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pytest_bulkhead.core.guards.findings import Policy, parse_policies
from pytest_bulkhead.core.guards.resets import Reset, parse_resets
from pytest_bulkhead.errors import UsageProblem


class Asked(NamedTuple):
    """What is to be done around each test."""

    #: {guard: its policy}; empty when nothing at all is asked.
    policies: Mapping[str, Policy]
    resets: tuple[Reset, ...]
    #: Keep the collector off during teardowns, and collect once per module.
    defers_collection: bool

    @property
    def idle(self) -> bool:
        """Whether nothing is."""
        watching = any(policy is not Policy.OFF for policy in self.policies.values())
        return not (watching or self.resets or self.defers_collection)


def read_asked(getini: Callable[[str], Any]) -> Asked:
    """Read the ini keys of guards.

    Raises:
        UsageProblem: one has a value that it cannot have.
    """
    words, resets = getini("isolate_guards"), parse_resets(getini("isolate_reset"))
    defers_collection = _read_gc(str(getini("isolate_gc") or "auto"))
    if are_off(getini) and not (resets or defers_collection):
        # Twenty modules that a run without guards has no use for.
        return Asked({}, (), False)
    from pytest_bulkhead.guards.registry import NAMES, UNASKED  # noqa: PLC0415

    return Asked(parse_policies(words, NAMES, UNASKED), resets, defers_collection)


def are_off(getini: Callable[[str], Any]) -> bool:
    """Whether no guard is asked for."""
    return bool(getini("isolate_guards") == ["off"])


def _read_gc(value: str) -> bool:
    if value not in ("auto", "defer-teardown"):
        raise UsageProblem(f"ini key isolate_gc: {value!r} is none of auto, defer-teardown")
    return value == "defer-teardown"

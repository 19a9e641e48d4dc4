"""How long tests took, kept in pytest's cache, so that the longest groups can go first."""

from __future__ import annotations

from typing import Any

import pytest

from pytest_bulkhead.controller.bridge import Bridge

_KEY = "bulkhead/durations"


def load_durations(config: pytest.Config) -> dict[str, float]:
    """Return {node id: seconds} of earlier runs; empty when there is no cache."""
    cache: Any = getattr(config, "cache", None)
    known = cache.get(_KEY, {}) if cache is not None else {}
    if not isinstance(known, dict):
        return {}
    return {key: float(value) for key, value in known.items() if isinstance(value, (int, float))}


def save_durations(bridge: Bridge) -> None:
    """Merge this run's durations into the cache, to the millisecond."""
    cache: Any = getattr(bridge.config, "cache", None)
    if cache is None:
        return
    known = load_durations(bridge.config)
    for item in bridge.run.items:
        seconds = bridge.durations[item.index]
        if seconds > 0:
            known[item.nodeid] = round(seconds, 3)
    cache.set(_KEY, known)

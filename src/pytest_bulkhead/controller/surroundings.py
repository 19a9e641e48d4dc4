"""What a process had around it when it died: versions, threads, limits, its control group.

Gathered for a crash alone, so what it takes to import is not paid by other runs.
"""

from __future__ import annotations

import importlib.metadata
import os

from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.core.crash.evidence import Evidence
from pytest_bulkhead.core.crash.fault_text import extension_packages, thread_count
from pytest_bulkhead.system import linux, looking


def with_surroundings(bridge: Bridge, evidence: Evidence) -> Evidence:
    """Add to the evidence of a death what was around it."""
    hung = evidence.standstill
    # Those of a process that is gone are gone: the run's own are what it was started with.
    limits = hung.limits if hung else tuple(looking.memory_limits(os.getpid()))
    return evidence._replace(
        threads=thread_count(evidence.stacks),
        extensions=tuple((name, _version(name)) for name in extension_packages(evidence.stacks)),
        profile=tuple(bridge.settings.profile),
        limits=limits,
        memory_events=_since_the_start(bridge),
    )


def _version(package: str) -> str:
    """Return the version of the distribution of that name; of another name, it is not known."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _since_the_start(bridge: Bridge) -> tuple[tuple[str, int], ...]:
    before, now = bridge.memory_events, linux.memory_events()
    counts = ((name, count - before.get(name, 0)) for name, count in now.items())
    return tuple((name, count) for name, count in counts if count > 0)

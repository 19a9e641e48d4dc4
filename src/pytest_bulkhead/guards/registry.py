"""All guards. A new one is a class and a line here; `docs/guards.md` has a row for each."""

from __future__ import annotations

from pytest_bulkhead.guards.arrays import Numpy, Torch
from pytest_bulkhead.guards.concurrency import EventLoops, StartMethod
from pytest_bulkhead.guards.files import Descriptors, TemporaryFiles
from pytest_bulkhead.guards.interpreter import (
    Collector,
    Decimals,
    Faults,
    Hooks,
    ImportPath,
    RecursionLimit,
    Streams,
    Warnings,
)
from pytest_bulkhead.guards.logs import Loggers, RootLogger
from pytest_bulkhead.guards.models import Models
from pytest_bulkhead.guards.modules import Modules
from pytest_bulkhead.guards.resource import Resource
from pytest_bulkhead.guards.signals import Signals
from pytest_bulkhead.guards.streams import RandomStreams
from pytest_bulkhead.guards.surroundings import (
    Arguments,
    Environ,
    FileMask,
    Folder,
    Limits,
    Locale,
    TimeZone,
)
from pytest_bulkhead.guards.threads import NativeThreads, Threads

#: Looked at around each test. In this order they are restored: threads first, which may go on
#: changing the rest, and the time zone after the variable that it comes from.
CHEAP: tuple[type[Resource], ...] = (
    Threads, StartMethod, EventLoops, Folder, Environ, TimeZone, Locale, FileMask, Arguments,
    Modules, ImportPath, Hooks, Streams, Signals, Faults, RecursionLimit, Collector, RootLogger,
    Warnings, Decimals, Numpy, Torch, RandomStreams, Descriptors, Models,
)  # fmt: skip

#: Looked at around each module.
THOROUGH: tuple[type[Resource], ...] = (Loggers, TemporaryFiles, Limits, NativeThreads)

ALL = (*CHEAP, *THOROUGH)

#: The names of all guards.
NAMES = tuple(sorted({resource.name for resource in ALL}))

#: Those that are off until they are asked for by name.
UNASKED = frozenset(resource.name for resource in ALL if resource.unasked)


def advice_of(name: str) -> str:
    """Return what users can do about what a guard finds."""
    return next(resource.advice for resource in ALL if resource.name == name)

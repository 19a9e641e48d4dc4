"""What a machine and an installation mean for isolated runs: facts in, signs out.

A sign says what was seen, by whose word, and what to do about it; a guess is none. Only what makes
runs fail, lie or cost more than they need is `WRONG`; what one would want to know is a `NOTE`.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.environment.profiles import DOUBTFUL
from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.resources.devices import Device
from pytest_bulkhead.core.resources.sizes import show_size


class Word(enum.Enum):
    """How much a sign matters."""

    OK = "ok"
    NOTE = "note"
    WRONG = "wrong"


class Sign(NamedTuple):
    """One thing that was looked at."""

    what: str
    word: Word
    text: str
    #: What to do about it; empty for nothing.
    remedy: str = ""


class Facts(NamedTuple):
    """What was seen of a machine and an installation."""

    python: str
    pytest: str
    platform: str
    #: {plugin: its version}, of distributions that pytest loads.
    plugins: Mapping[str, str]
    #: Why a process of this machine may not be forked; empty when it may.
    why_not_fork: str
    #: Bytes that a core file may have, -1 for any.
    core_limit: Fact[int]
    #: Where the kernel writes it.
    core_pattern: Fact[str]
    #: {program: whether it would be found}
    programs: Mapping[str, bool]
    #: The value of Yama's `ptrace_scope`.
    ptrace: Fact[int]
    ram: Fact[float]
    cpus: Fact[float]
    #: Whether somebody counts the processes that the kernel ends for want of memory.
    counts_oom: bool
    gpus: Fact[tuple[Device, ...]]
    mps: bool
    #: The start method of multiprocessing.
    start_method: str
    environ: Mapping[str, str]


#: {plugin: (how much it matters, what it means, what to do)}
PLUGINS: Mapping[str, tuple[Word, str, str]] = {
    "pytest-forked": (
        Word.NOTE, "--forked is its option then, and does not work with pytest 9",
        "uninstall it: --forked is ours where it is not installed",
    ),
    "pytest-isolate": (
        Word.WRONG, "it forks tests in its own way, and both want them", "uninstall one of both",
    ),
    "pytest-isolated": (
        Word.WRONG, "it runs tests in its own processes, and both want them",
        "uninstall one of both",
    ),
    "pytest-timeout": (
        Word.OK, "its limits are ours too; ours come a second later, for hangs that it cannot end",
        "",
    ),
    "pytest-randomly": (
        Word.OK, "it orders and seeds tests as ever: in the template, before groups are formed", "",
    ),
    "pytest-rerunfailures": (Word.OK, "a test whose process died is run again where it asks", ""),
}  # fmt: skip

#: What has thread pools whose size this sets, and what they are without it.
_POOLS = "OMP_NUM_THREADS"

#: Programs that show the native stack of a crash or a hang.
DEBUGGERS = ("gdb", "pystack", "py-spy")


def examine(facts: Facts) -> list[Sign]:
    """Return all signs, in the order in which they are told."""
    return [sign for rule in _RULES for sign in rule(facts)]


def _versions(facts: Facts) -> Iterator[Sign]:
    yield Sign("python", Word.OK, f"{facts.python} on {facts.platform}")
    yield Sign("pytest", Word.OK, facts.pytest)


def _plugins(facts: Facts) -> Iterator[Sign]:
    for name, version in sorted(facts.plugins.items()):
        if name in PLUGINS:
            word, meaning, remedy = PLUGINS[name]
            yield Sign("plugin", word, f"{name} {version}: {meaning}", remedy)


def _fork(facts: Facts) -> Iterator[Sign]:
    if facts.why_not_fork:
        yield Sign(
            "fork", Word.NOTE, f"processes are spawned here: {facts.why_not_fork}",
            "isolation costs an interpreter and its imports for each group, so prefer module level",
        )  # fmt: skip
    else:
        yield Sign("fork", Word.OK, "a process can be forked; what a suite does to it: doctor PATH")


def _core_files(facts: Facts) -> Iterator[Sign]:
    if isinstance(facts.core_limit, Unknown):
        yield Sign("core files", Word.NOTE, facts.core_limit.reason)
    elif facts.core_limit.value == 0:
        why = f"none are written ({facts.core_limit.source} is 0)"
        yield Sign("core files", Word.NOTE, why, "ulimit -c unlimited")
    elif isinstance(facts.core_pattern, Unknown):
        yield Sign("core files", Word.NOTE, facts.core_pattern.reason)
    else:
        pattern = facts.core_pattern
        yield Sign("core files", Word.OK, f"written to {pattern.value!r} ({pattern.source})")


def _native_stacks(facts: Facts) -> Iterator[Sign]:
    found = [name for name in DEBUGGERS if facts.programs.get(name)]
    if not found:
        yield Sign(
            "native stacks", Word.NOTE, f"none of {', '.join(DEBUGGERS)} is in PATH",
            "pip install 'pytest-bulkhead[native]', for the native stack of a crash or a hang",
        )  # fmt: skip
        return
    yield Sign("native stacks", Word.OK, f"{', '.join(found)} in PATH")
    if isinstance(facts.ptrace, Known) and facts.ptrace.value > 1:
        yield Sign(
            "native stacks", Word.NOTE,
            f"no process may look at another one: {facts.ptrace.value} ({facts.ptrace.source})",
            "sysctl kernel.yama.ptrace_scope=1, or --cap-add=SYS_PTRACE for a container",
        )  # fmt: skip


def _memory(facts: Facts) -> Iterator[Sign]:
    if isinstance(facts.ram, Unknown):
        yield Sign("memory", Word.NOTE, facts.ram.reason)
    else:
        yield Sign("memory", Word.OK, f"{show_size(facts.ram.value)} ({facts.ram.source})")
    if not facts.counts_oom:
        yield Sign(
            "memory", Word.NOTE,
            "nobody counts what the kernel ends for want of memory (no memory.events of a control "
            "group): such a test is reported as killed by SIGKILL, by whom is not known",
        )  # fmt: skip


def _cpus(facts: Facts) -> Iterator[Sign]:
    if isinstance(facts.cpus, Unknown):
        yield Sign("cpus", Word.NOTE, facts.cpus.reason)
        return
    yield Sign("cpus", Word.OK, f"{facts.cpus.value:g} ({facts.cpus.source})")
    if facts.cpus.value > 1 and _POOLS not in facts.environ:
        yield Sign(
            "thread pools", Word.NOTE, f"{_POOLS} is not set: each process has as many as CPUs",
            "--isolate-profile=single-thread, with -n most of all",
        )  # fmt: skip


def _gpus(facts: Facts) -> Iterator[Sign]:
    if isinstance(facts.gpus, Unknown):
        yield Sign("gpus", Word.NOTE, facts.gpus.reason)
        return
    source = facts.gpus.source
    yield Sign("gpus", Word.OK, f"{len(facts.gpus.value)} ({source})")
    alone = [device.uuid for device in facts.gpus.value if device.alone]
    if alone and not facts.mps:
        yield Sign(
            "gpus", Word.NOTE,
            f"in exclusive mode, one process at a time: {', '.join(alone)} ({source})",
            "mark tests with requires(gpu=1), so that they take turns",
        )  # fmt: skip
    if facts.mps:
        yield Sign(
            "gpus", Word.NOTE,
            "served by MPS: a fatal fault of one process may end those beside it on its GPU",
        )  # fmt: skip


def _environ(facts: Facts) -> Iterator[Sign]:
    for name in DOUBTFUL:
        if name in facts.environ:
            yield Sign("environment", Word.WRONG, f"{name}: {DOUBTFUL[name]}", f"unset {name}")


def _start_method(facts: Facts) -> Iterator[Sign]:
    yield Sign("multiprocessing", Word.OK, f"starts processes by {facts.start_method!r}")


_RULES: Sequence[Callable[[Facts], Iterator[Sign]]] = (
    _versions, _plugins, _fork, _core_files, _native_stacks, _memory, _cpus, _gpus, _start_method,
    _environ,
)  # fmt: skip

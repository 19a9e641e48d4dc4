"""The facts of a check-up: what this machine and this installation are like."""

from __future__ import annotations

import importlib.metadata
import multiprocessing
import os
import resource
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from pytest_bulkhead.core.doctor.checkup import DEBUGGERS, Facts
from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.system import linux, mps
from pytest_bulkhead.system.forkability import why_not_forked
from pytest_bulkhead.system.machine import ThisMachine

_CORE_PATTERN = "/proc/sys/kernel/core_pattern"
_PTRACE = "/proc/sys/kernel/yama/ptrace_scope"


def look_around() -> Facts:
    """Look at all of it; a child is forked, and no accelerator brought into use."""
    machine = ThisMachine(tempfile.gettempdir())
    ptrace = _read(_PTRACE)
    return Facts(
        python=machine.python().value,
        pytest=importlib.metadata.version("pytest"),
        platform=sys.platform,
        plugins=dict(_plugins()),
        why_not_fork=why_not_forked(1, (), sys.stderr.fileno()),
        core_limit=Known(resource.getrlimit(resource.RLIMIT_CORE)[0], "RLIMIT_CORE"),
        core_pattern=_read(_CORE_PATTERN),
        programs={name: shutil.which(name) is not None for name in DEBUGGERS},
        ptrace=Known(int(ptrace.value), ptrace.source) if isinstance(ptrace, Known) else ptrace,
        ram=machine.ram(),
        cpus=machine.cpus(),
        counts_oom=linux.oom_kills() is not None,
        gpus=machine.devices("cuda"),
        mps=mps.is_served(),
        start_method=multiprocessing.get_start_method(allow_none=False),
        environ=os.environ,
    )


def _plugins() -> Iterator[tuple[str, str]]:
    for distribution in importlib.metadata.distributions():
        if any(point.group == "pytest11" for point in distribution.entry_points):
            yield distribution.metadata["Name"], distribution.version


def _read(path: str) -> Fact[str]:
    try:
        return Known(Path(path).read_text(encoding="utf-8").strip(), path)
    except OSError as problem:
        return Unknown(f"{path}: {problem.strerror}")

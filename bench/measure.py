"""Whole processes, timed: wall, and the CPU of all that they started.

`wait4` of a process gives its own CPU and that of each descendant that was waited for, however
deep. What nobody waited for is handed to us, because we declare ourselves the subreaper: its CPU is
added, and it is counted as an orphan. So nothing of a run escapes the sum, save a process that was
reaped by the kernel because its parent ignores SIGCHLD, or one that outlives the run by a second;
the latter are counted too.
"""

from __future__ import annotations

import ctypes
import dataclasses
import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36
#: Seconds that we wait for orphans of a run.
_ORPHAN_LIMIT = 1.0
#: Variables that would change what is measured.
_FOREIGN = ("PYTEST", "PYTHON", "COV_", "COVERAGE", "NOX_")


@dataclasses.dataclass(frozen=True)
class Command:
    """A pytest command line, and what its last line must say."""

    folder: Path
    arguments: tuple[str, ...]
    #: For example "1000 passed": a run that ran fewer tests is not a fast run.
    must_say: str
    environ: Mapping[str, str] = dataclasses.field(default_factory=dict)
    python: str = sys.executable


@dataclasses.dataclass(frozen=True)
class Sample:
    """One run."""

    wall: float
    cpu: float
    #: Processes that nobody of the run waited for; their CPU is in `cpu`.
    orphans: int
    #: Processes that were still there a second after the run; their CPU is not.
    left: int


class WrongRun(Exception):
    """A run did not do what it was to do, so its time means nothing."""


def adopt_orphans() -> None:
    """Become the parent of whatever the runs leave behind."""
    if ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0):
        raise OSError("prctl(PR_SET_CHILD_SUBREAPER) failed")


def check_accounting() -> None:
    """Make sure that the CPU of great-grandchildren and of orphans is in the sum, on this machine."""
    burn = "import time\nwhile time.process_time() < 0.2: pass"
    start = "import subprocess, sys; subprocess.{0}([sys.executable, '-c', {1!r}])"
    waited = start.format("run", start.format("run", burn))
    for program in (waited, start.format("Popen", burn)):
        process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", program])
        _, _, usage = os.wait4(process.pid, 0)
        process.returncode = 0
        counted = usage.ru_utime + usage.ru_stime + _orphans()[0]
        if counted < 0.2:
            raise WrongRun(f"only {counted:.2f} of 0.2 s of CPU were counted: {program}")


def run(command: Command) -> Sample:
    """Run a command once."""
    kept = {name: text for name, text in os.environ.items() if not name.startswith(_FOREIGN)}
    root = str(Path(__file__).parent.parent)
    # gdb after the last test would be timed too, where it is installed.
    environ = {**kept, "PYTHONPATH": root, "BULKHEAD_NATIVE": "off", **command.environ}
    output = command.folder / "output.txt"
    with output.open("wb") as file:
        began = time.perf_counter()
        process = subprocess.Popen(
            [command.python, "-m", "pytest", *command.arguments],
            cwd=command.folder,
            env=environ,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
        )
        _, _, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
    process.returncode = 0  # it was waited for here
    cpu, orphans, left = _orphans()
    said = output.read_text(errors="replace")
    if not re.search(rf"\b{command.must_say}\b", said[-2000:]):
        asked = " ".join(command.arguments)
        raise WrongRun(f"pytest {asked}: no {command.must_say!r} in\n{said[-3000:]}")
    return Sample(wall, usage.ru_utime + usage.ru_stime + cpu, orphans, left)


def _orphans() -> tuple[float, int, int]:
    """Wait for what was handed to us: (CPU seconds, how many ended, how many go on)."""
    cpu, ended = 0.0, 0
    limit = time.monotonic() + _ORPHAN_LIMIT
    while time.monotonic() < limit:
        try:
            pid, _, usage = os.wait4(-1, os.WNOHANG)
        except ChildProcessError:
            return cpu, ended, 0
        if pid:
            cpu, ended = cpu + usage.ru_utime + usage.ru_stime, ended + 1
        else:
            time.sleep(0.005)
    return cpu, ended, _children()


def _children() -> int:
    """Count our children."""
    lists = Path("/proc/self/task").glob("*/children")
    return sum(len(one.read_text().split()) for one in lists)


def side_by_side(commands: Mapping[str, Command], runs: int) -> dict[str, list[Sample]]:
    """Run commands in turn, A B B A A B ..., after one run of each that does not count."""
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for command in commands.values():
        run(command)
    for number in range(runs):
        for name in list(commands)[:: -1 if number % 2 else 1]:
            samples[name].append(run(commands[name]))
    return samples


def wall(samples: Sequence[Sample]) -> float:
    """Return the median wall time."""
    return statistics.median(sample.wall for sample in samples)


def cpu(samples: Sequence[Sample]) -> float:
    """Return the median CPU time."""
    return statistics.median(sample.cpu for sample in samples)


def spread(samples: Sequence[Sample]) -> str:
    """Say how far the runs lie apart."""
    walls = sorted(sample.wall for sample in samples)
    return f"{walls[0]:.2f} to {walls[-1]:.2f} s"


def unaccounted(samples: Mapping[str, Sequence[Sample]]) -> str:
    """Say whose CPU is missing from a figure; empty when it is nobody's."""
    left = {name: max(sample.left for sample in some) for name, some in samples.items()}
    missing = [f"{count} of {name}" for name, count in left.items() if count]
    return f"CPU of processes that outlived the run is missing: {', '.join(missing)}" * bool(
        missing
    )

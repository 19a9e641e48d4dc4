"""The figures of stages: what crashes cost there, and that workers share a session's fixture."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.figures import WITHOUT, Bench, Line, figure
from bench.measure import Command, WrongRun, side_by_side, spread, wall

#: Seconds until the tests of a suite must have begun.
_BEGIN = 240.0


@figure
def crashes(bench: Bench) -> Iterator[Line]:
    """Every tenth of 100 tests dies, against the same suite in which none does."""
    folders = {}
    for name, death in (("none", "pass"), ("tenth", "ctypes.string_at(0)")):
        folders[name] = bench.folder / f"crashes-{name}"
        folders[name].mkdir(exist_ok=True)
        (folders[name] / "pytest.ini").write_text("[pytest]\n")
        lines = [f"def test_{n:02}(): {death if n % 10 == 9 else 'pass'}" for n in range(100)]
        (folders[name] / "test_crashes.py").write_text("\n".join(["import ctypes", *lines]) + "\n")
    ours = ("-q", "--isolate=function")
    samples = side_by_side(
        {
            "none": Command(folders["none"], ours, "100 passed"),
            "tenth": Command(folders["tenth"], ours, "90 passed, 10 crashed"),
        },
        bench.runs,
    )
    none, tenth = wall(samples["none"]), wall(samples["tenth"])
    yield Line(
        "100 tests of which every tenth dies : none, `--isolate=function`, wall",
        f"**{tenth / none:.2f}** ({tenth:.2f} s : {none:.2f} s)",
        "≤ 1.3",
        tenth / none <= 1.3,
        f"runs {spread(samples['tenth'])} : {spread(samples['none'])}",
    )


@figure
def shared(bench: Bench) -> Iterator[Line]:
    """Four workers that share a session fixture of 1 GB, against one process that has it."""
    folder = bench.folder / "shared"
    folder.mkdir(exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(
        "import pytest\n@pytest.fixture(scope='session')\ndef big():\n"
        "    data = bytearray(10**9); data[::4096] = b'x' * len(data[::4096]); return data\n"
    )
    for number in range(4):
        (folder / f"test_{number}.py").write_text(
            "import pathlib, time\ndef test(big):\n    assert big[0] == 120\n"
            f"    pathlib.Path('begun-{number}').touch(); time.sleep(3)\n"
        )
    one, _ = pss(folder, (*WITHOUT, "test_0.py"), 1)
    four, _ = pss(folder, ("-q", "--isolate=function", "-n", "4"), 4)
    yield Line(
        "Memory (PSS) of `--isolate=function -n 4` with a session fixture of 1 GB : one process with it",
        f"**{four / one:.2f}** ({four:.0f} MB : {one:.0f} MB)",
        "≤ 1.3",
        four / one <= 1.3,
        "all processes of the run, while four tests hold the fixture",
    )


def pss(folder: Path, arguments: tuple[str, ...], tests: int) -> tuple[float, float]:
    """Return the proportional memory of a run in MB, when all its tests have begun, and after how many seconds that was.

    Tests say that they begin by files `begun-...`; the file `measured` says that they may end.
    """
    for sign in (*folder.glob("begun-*"), *folder.glob("measured")):
        sign.unlink()
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", *arguments], cwd=folder, stdout=subprocess.DEVNULL
    )
    limit = began + _BEGIN
    while len(list(folder.glob("begun-*"))) < tests:
        if time.monotonic() > limit:
            process.kill()
            raise WrongRun(f"pytest {' '.join(arguments)}: its {tests} tests do not begin")
        time.sleep(0.05)
    seconds = time.monotonic() - began
    total = sum(map(_pss_of, _tree(process.pid)))
    (folder / "measured").touch()
    if process.wait():
        raise WrongRun(f"pytest {' '.join(arguments)}: exit status {process.returncode}")
    return total / 1024, seconds


def _tree(root: int) -> list[int]:
    """Return a process and all below it."""
    found, queue = [], [root]
    while queue:
        pid = queue.pop()
        found.append(pid)
        for tasks in Path(f"/proc/{pid}/task").glob("*/children"):
            queue += map(int, tasks.read_text().split())
    return found


def _pss_of(pid: int) -> int:
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))

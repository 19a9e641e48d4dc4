"""Ours beside what people use today: `python -m bench.peers`.

Every runner has an environment of its own with pytest 8.4, the newest that all of them work with,
made once in `--environments`. Each suite is run by each of them in turn; a run that does not say
what it must is an error, not a fast run. The table and the plot are for docs/performance.md.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Sequence
from pathlib import Path

from bench.measure import Command, Sample, WrongRun, adopt_orphans, run
from bench.plot import Bar, draw
from bench.run import machine

ROOT = Path(__file__).parent.parent
PAGE, PLOT = ROOT / "docs" / "performance.md", ROOT / "docs" / "peers.svg"
#: What was measured last, suite by suite: the table and the plot are made of it.
KEPT = ROOT / "docs" / "peers.json"
BEGIN, END = "<!-- peers: begin -->", "<!-- peers: end -->"
#: What all runners get.
COMMON = ("pytest~=8.4.0", "numpy", "hypothesis")


@dataclasses.dataclass(frozen=True)
class Runner:
    """A way to run a suite."""

    name: str
    arguments: tuple[str, ...]
    #: What its environment has beside `COMMON`; the same packages are one environment.
    packages: tuple[str, ...] = ()
    #: It gives each test a process, so a suite of thousands takes minutes.
    each_test: bool = False
    #: A crash is a test that failed, by its own word.
    crash_word: str = ""
    #: It starts an interpreter for each test, and takes minutes: one run has to do.
    once: bool = False


OURS = (str(ROOT),)
RUNNERS = (
    Runner("plain pytest", ()),
    Runner("pytest-xdist -n 2", ("-n", "2", "--max-worker-restart=1000"), ("pytest-xdist",), crash_word="failed"),
    Runner("pytest-xdist -n 2 --dist loadfile", ("-n", "2", "--dist", "loadfile", "--max-worker-restart=1000"), ("pytest-xdist",), crash_word="failed"),
    Runner("pytest-forked", ("--forked",), ("pytest-forked",), each_test=True, crash_word="failed"),
    Runner("pytest-isolate", ("--isolate",), ("pytest-isolate",), each_test=True, crash_word="failed"),
    Runner("pytest-isolated", ("--isolated",), ("pytest-isolated",), each_test=True, once=True),
    Runner("bulkhead session", ("--isolate=session",), OURS, crash_word="crashed"),
    Runner("bulkhead module -n 2", ("--isolate=module", "-n", "2"), OURS, crash_word="crashed"),
    Runner("bulkhead function", ("--isolate=function",), OURS, each_test=True, crash_word="crashed"),
    Runner("bulkhead function -n 2", ("--isolate=function", "-n", "2"), OURS, each_test=True, crash_word="crashed"),
)  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Suite:
    """A suite and what it must say."""

    name: str
    what: str
    write: Callable[[Path], None]
    passed: int
    crashed: int = 0
    arguments: tuple[str, ...] = ()
    #: Too many tests for a process each.
    large: bool = False
    #: What it needs beside `COMMON`; installed into each environment when it is first run.
    packages: tuple[str, ...] = ()


def modules(count: int, tests: int, head: str = "", test: str = "assert True", arg: str = ""):
    """Return what writes so many modules of so many tests."""

    def write(folder: Path) -> None:
        body = "\n".join(f"def test_{number}({arg}): {test}" for number in range(tests))
        for number in range(count):
            (folder / f"test_module_{number:03}.py").write_text(f"{head}\n{body}\n")

    return write


def with_conftest(text: str, write: Callable[[Path], None]) -> Callable[[Path], None]:
    """Return what writes a suite with a conftest."""

    def both(folder: Path) -> None:
        (folder / "conftest.py").write_text(text)
        write(folder)

    return both


def crashes(folder: Path) -> None:
    """Write 100 tests, of which every tenth dies."""
    lines = [
        f"def test_{number:02}(): {'ctypes.string_at(0)' if number % 10 == 9 else 'pass'}"
        for number in range(100)
    ]
    (folder / "test_crashes.py").write_text("\n".join(["import ctypes", *lines]) + "\n")


_FIXTURE = (
    "import pytest, time\n@pytest.fixture(scope='{0}')\ndef wide(): time.sleep({1}); return 1\n"
)

SUITES = (
    Suite("trivial", "400 tests that do nothing, 20 modules", modules(20, 20), 400),
    Suite(
        "numpy", "200 tests on a numpy array, 10 modules",
        modules(10, 20, "import numpy", "assert numpy.ones(3).sum() == 3"), 200,
    ),
    Suite(
        "torch", "100 tests on a torch tensor, 10 modules",
        modules(10, 10, "import torch", "assert torch.ones(100, 100).matmul(torch.ones(100, 100)).sum() == 1e6"),
        100, packages=("torch==2.13.0",),
    ),
    Suite(
        "module fixtures", "10 modules of 10 tests, a module fixture of 50 ms",
        modules(10, 10, _FIXTURE.format("module", 0.05), "assert wide", "wide"), 100,
    ),
    Suite(
        "session fixture", "200 tests, 10 modules, a session fixture of 2 s",
        with_conftest(
            _FIXTURE.format("session", 2), modules(10, 20, "", "assert wide", "wide")
        ), 200,
    ),
    Suite("every tenth crashes", "100 tests, 10 die of SIGSEGV", crashes, 90, 10),
    Suite(
        "numpy.polynomial", "numpy's own tests of numpy.polynomial", lambda _folder: None, 0,
        arguments=("--pyargs", "numpy.polynomial"),
    ),
    Suite("20,000", "20,000 tests that do nothing, 200 modules", modules(200, 100), 20_000, large=True),
)  # fmt: skip

#: What would take many minutes, and is known: plain pytest dies of the first crash; a fresh 2 s
#: fixture for each of 200 tests is 400 s.
LEFT_OUT = {
    ("every tenth crashes", "plain pytest"): "dies",
    ("every tenth crashes", "pytest-isolated"): "loses tests",
    ("session fixture", "pytest-forked"): "> 400 s",
    ("session fixture", "pytest-isolate"): "> 400 s",
    ("session fixture", "pytest-isolated"): "> 400 s",
    ("numpy.polynomial", "pytest-isolated"): "minutes",
    ("torch", "pytest-isolated"): "minutes",
}


def main() -> int:
    """Measure, print, and write if asked to; 1 when a run went wrong."""
    options = _parser().parse_args()
    adopt_orphans()
    _install_ours(Path(options.environments))
    print(machine(), flush=True)
    found: dict[str, Row] = {}
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        for suite in SUITES:
            if not options.only or suite.name in options.only:
                row, bad = measure(suite, Path(folder), Path(options.environments), options.runs)
                found[suite.name] = row
                wrong += bad
                print(table({suite.name: row}), flush=True)
    least = floor()
    print(f"floor: fork and wait of a process that has imported pytest: {least:.2f} ms")
    if options.write:
        _write(found, least)
    return 1 if wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--only", nargs="+", metavar="SUITE", choices=[s.name for s in SUITES])
    parser.add_argument("--runs", type=int, default=3, help="runs of each, the first not counted")
    parser.add_argument("--environments", default=str(ROOT / ".bench"), help="where they are made")
    parser.add_argument("--write", action="store_true", help="update the table and the plot")
    return parser


#: {runner: median seconds, or why there are none}
Row = dict[str, "float | str"]


def measure(suite: Suite, folder: Path, environments: Path, runs: int) -> tuple[Row, int]:
    """Run a suite by every runner in turn; return the row, and how many went wrong."""
    commands: dict[str, Command] = {}
    row: Row = {}
    for runner in RUNNERS:
        said = LEFT_OUT.get((suite.name, runner.name), "")
        if said or (suite.large and runner.each_test):
            row[runner.name] = said or "not run"
        else:
            commands[runner.name] = _command(suite, runner, folder, environments)
            row[runner.name] = ""
    samples, problems = _run_all(commands, runs)
    row |= {
        name: statistics.median(sample.wall for sample in some) for name, some in samples.items()
    }
    row |= dict.fromkeys(problems, "wrong")
    return row, len(problems)


def _command(suite: Suite, runner: Runner, folder: Path, environments: Path) -> Command:
    place = folder / suite.name.replace(" ", "-") / runner.name.replace(" ", "-")
    place.mkdir(parents=True)
    (place / "pytest.ini").write_text("[pytest]\n")
    suite.write(place)
    said = rf"{suite.passed} passed" if suite.passed else r"\d+ passed"
    if suite.crashed:
        said = rf"(?=.*\b{suite.crashed} {runner.crash_word}).*{said}"
    arguments = ("-q", "-p", "no:cacheprovider", *suite.arguments, *runner.arguments)
    python = _environment(runner, environments)
    _install(python, suite.packages)
    return Command(place, arguments, said, python=str(python))


def _run_all(
    commands: dict[str, Command], runs: int
) -> tuple[dict[str, list[Sample]], dict[str, str]]:
    """Run commands in turn; return {runner: samples} and {runner: what went wrong}."""
    samples: dict[str, list[Sample]] = {}
    problems: dict[str, str] = {}
    once = {runner.name for runner in RUNNERS if runner.once}
    for number in range(runs + 1):
        for name in list(commands)[:: -1 if number % 2 else 1]:
            if name in problems or (name in once and number != 1):
                continue
            try:
                sample = run(commands[name])
            except WrongRun as problem:
                problems[name] = str(problem)
                print(f"WRONG {name}: {str(problem)[-600:]}", file=sys.stderr, flush=True)
            else:
                if number:
                    samples.setdefault(name, []).append(sample)
    return samples, problems


def _environment(runner: Runner, place: Path) -> Path:
    """Return the Python of a runner's environment, which is made when it is first asked for."""
    name = "-".join(Path(package).name for package in runner.packages) or "plain"
    python = place / name / "bin" / "python"
    if not python.exists():
        venv.create(place / name, with_pip=True)
        _install(python, (*COMMON, *runner.packages))
    return python


def _install(python: Path, packages: Sequence[str]) -> None:
    if packages:
        subprocess.run([str(python), "-m", "pip", "install", "-q", *packages], check=True)


def _install_ours(environments: Path) -> None:
    """Put what is in this folder now into our environment."""
    ours = next(runner for runner in RUNNERS if runner.packages == OURS)
    _install(_environment(ours, environments), ("--no-deps", "--force-reinstall", *OURS))


def floor() -> float:
    """Return the milliseconds that a fork and wait of a process with pytest takes, by itself."""
    program = (
        "import os, time, pytest, _pytest.python, _pytest.terminal\n"
        "began = time.perf_counter()\n"
        "for _ in range(200):\n"
        "    pid = os.fork()\n"
        "    if not pid: os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
        "print((time.perf_counter() - began) / 200 * 1000)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    return float(done.stdout)


# -- table and plot ----------------------------------------------------------------------------


def table(rows: dict[str, Row]) -> str:
    """Return rows as Markdown: seconds, and in brackets the ratio to plain pytest."""
    lines = [f"| runner | {' | '.join(rows)} |", "|---" * (len(rows) + 1) + "|"]
    for runner in RUNNERS:
        cells = " | ".join(_cell(row, runner.name) for row in rows.values())
        lines.append(f"| {runner.name} | {cells} |")
    return "\n".join(lines)


def _cell(row: Row, name: str) -> str:
    seconds, plain = row.get(name, ""), row.get("plain pytest", "")
    if isinstance(seconds, str):
        return seconds
    return (
        f"{seconds:.2f} s ({seconds / plain:.2f})"
        if isinstance(plain, float)
        else f"{seconds:.2f} s"
    )


def _write(found: dict[str, Row], least: float) -> None:
    """Keep what was measured, and make the table and the plot of all that is kept."""
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    kept |= found
    rows = {suite.name: kept[suite.name] for suite in SUITES if suite.name in kept}
    KEPT.write_text(json.dumps(rows, indent=1) + "\n")
    before, _, rest = PAGE.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    notes = [f"* **{suite.name}**: {suite.what}." for suite in SUITES if suite.name in rows]
    said = f"Floor: `fork` and `wait` of a process that has imported pytest: {least:.2f} ms."
    body = "\n".join([BEGIN, machine(), "", table(rows), "", *notes, "", said, END])
    PAGE.write_text(f"{before}{body}{after}")
    PLOT.write_text(
        draw([_panel(suite, rows[suite.name]) for suite in SUITES if suite.name in rows])
    )


def _panel(suite: Suite, row: Row) -> tuple[str, list[Bar]]:
    bars = []
    for runner in RUNNERS:
        found = row.get(runner.name, "")
        bars.append(
            Bar(runner.name, None, found) if isinstance(found, str) else Bar(runner.name, found)
        )
    return f"{suite.name}: {suite.what}", bars


if __name__ == "__main__":
    raise SystemExit(main())

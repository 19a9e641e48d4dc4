"""The figures: each a function that measures and returns lines of the table."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import importlib.util
import itertools
import json
import random
import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import suites
from bench.measure import Command, Sample, cpu, run, side_by_side, spread, unaccounted, wall

#: Ours switched off as if it were not installed.
WITHOUT = ("-q", "-p", "no:bulkhead")


@dataclasses.dataclass(frozen=True)
class Line:
    """One line of the table."""

    figure: str
    measured: str
    target: str = ""
    met: bool | None = None
    notes: str = ""


@dataclasses.dataclass(frozen=True)
class Bench:
    """Where to measure, and how often."""

    folder: Path
    runs: int

    def suite(self, modules: int, tests: int, *, heavy: bool = False) -> Path:
        """Return the folder of a suite, which is written the first time it is asked for."""
        folder = self.folder / f"{modules}-{tests}-{'heavy' if heavy else 'light'}"
        return folder if folder.exists() else suites.write(folder, modules, tests, heavy=heavy)


Figure = Callable[[Bench], Iterator[Line]]
FIGURES: dict[str, Figure] = {}


def figure(measure: Figure) -> Figure:
    """Register a figure under its function's name."""
    FIGURES[measure.__name__] = measure
    return measure


def _ratio(
    title: str, target: float | None, ours: float, theirs: float, *notes: str, unit: str = "s"
) -> Line:
    ratio = ours / theirs
    measured = f"**{ratio:.2f}** ({ours:.2f} {unit} : {theirs:.2f} {unit})"
    said = "; ".join(note for note in notes if note)
    if target is None:
        return Line(title, measured, notes=said)
    return Line(title, measured, f"≤ {target}", ratio <= target, said)


@figure
def session(bench: Bench) -> Iterator[Line]:
    """`--isolate=session` on 1,000 tests in 40 modules, against plain pytest."""
    folder = bench.suite(40, 25)
    samples = side_by_side(
        {
            "plain": Command(folder, WITHOUT, "1000 passed"),
            "ours": Command(folder, ("-q", "--isolate=session"), "1000 passed"),
        },
        bench.runs,
    )
    plain, ours = samples["plain"], samples["ours"]
    title = "1,000 tests in 40 modules, `--isolate=session` : plain pytest"
    apart = f"runs {spread(ours)} : {spread(plain)}"
    yield _ratio(f"{title}, wall", 1.25, wall(ours), wall(plain), apart)
    yield _ratio(f"{title}, CPU", None, cpu(ours), cpu(plain), unaccounted(samples))


@figure
def parallel(bench: Bench) -> Iterator[Line]:
    """`-n 2` on 20,000 tests, against pytest-xdist's."""
    folder = bench.suite(200, 100)
    ours_arguments = ("-q", "--isolate=session", "-n", "2")
    samples = side_by_side(
        {
            "xdist": Command(folder, (*WITHOUT, "-n", "2"), "20000 passed"),
            "ours": Command(folder, ours_arguments, "20000 passed"),
        },
        bench.runs,
    )
    xdist, ours = samples["xdist"], samples["ours"]
    title = "20,000 tests, `--isolate=session -n 2` : `pytest-xdist -n 2`"
    apart = f"runs {spread(ours)} : {spread(xdist)}"
    yield _ratio(f"{title}, wall", 0.75, wall(ours), wall(xdist), apart)
    yield _ratio(f"{title}, CPU", 0.75, cpu(ours), cpu(xdist), unaccounted(samples))


@figure
def modules(bench: Bench) -> Iterator[Line]:
    """Each of 100 modules in its own process, against pytest-xdist, which isolates nothing."""
    folder = bench.suite(100, 2)
    samples = side_by_side(
        {
            "xdist": Command(folder, (*WITHOUT, "-n", "2"), "200 passed"),
            "ours": Command(folder, ("-q", "--isolate=module", "-n", "2"), "200 passed"),
        },
        bench.runs,
    )
    xdist, ours = samples["xdist"], samples["ours"]
    title = "100 modules of 2 tests, `--isolate=module -n 2` : `pytest-xdist -n 2`"
    apart = f"runs {spread(ours)} : {spread(xdist)}"
    yield _ratio(f"{title}, wall", 1.1, wall(ours), wall(xdist), apart)
    yield _ratio(f"{title}, CPU", None, cpu(ours), cpu(xdist), unaccounted(samples))


@figure
def worker(bench: Bench) -> Iterator[Line]:
    """CPU of one more worker process: one for 200 tests, against one for each of 100 modules."""
    yield _cost_of_a_worker(bench, "pytest and no more", 5, heavy=False)
    yield _cost_of_a_worker(bench, f"{suites.HEAVY} imported", 10, heavy=True)


def _cost_of_a_worker(bench: Bench, what: str, target: float, *, heavy: bool) -> Line:
    folder = bench.suite(100, 2, heavy=heavy)
    samples = side_by_side(
        {
            "few": Command(folder, ("-q", "--isolate=session"), "200 passed"),
            "many": Command(folder, ("-q", "--isolate=module"), "200 passed"),
        },
        bench.runs,
    )
    each = (cpu(samples["many"]) - cpu(samples["few"])) / 99 * 1000
    took = (wall(samples["many"]) - wall(samples["few"])) / 99 * 1000
    floor = f"a bare fork and exit of such a process: {_bare_fork(heavy=heavy):.1f} ms of CPU"
    notes = "; ".join(filter(None, [f"{took:.1f} ms of wall", floor, unaccounted(samples)]))
    title = f"CPU of one more worker process, {what}"
    return Line(title, f"**{each:.1f} ms**", f"≤ {target} ms", each <= target, notes)


def _bare_fork(*, heavy: bool) -> float:
    """Return the CPU milliseconds of a fork whose child exits at once, parent and child together."""
    program = f"""
import os, pytest, resource
{suites.heavy_import() if heavy else ""}
def spent():
    both = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)

began = spent()
for _ in range(50):
    pid = os.fork()
    if not pid:
        os._exit(0)
    os.waitpid(pid, 0)
print((spent() - began) / 50 * 1000)
"""
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@figure
def crash(bench: Bench) -> Iterator[Line]:
    """From a segmentation fault to the next test's first line, with a heavy suite."""
    folder = suites.write_crashes(bench.folder / "crashes", 10)
    ours = Command(folder, ("-q", "--isolate=session"), "10 passed")
    # Its reports of crashes make it run the rest in another order; the gap is to whatever is next.
    xdist = Command(folder, (*WITHOUT, "-n", "1", "--max-worker-restart=100"), "10 passed")
    title = f"From a crash to the next test's start, {suites.HEAVY} imported"
    run(ours)
    gaps = [gap for _ in range(bench.runs) for gap in _gaps(ours)]
    median = statistics.median(gaps) * 1000
    notes = f"{len(gaps)} crashes, {min(gaps) * 1000:.0f} to {max(gaps) * 1000:.0f} ms"
    yield Line(title, f"**{median:.0f} ms**", "≤ 100 ms", median <= 100, notes)
    theirs = _gaps(xdist)
    median = statistics.median(theirs) * 1000
    yield Line(f"{title}, `pytest-xdist -n 1`", f"{median:.0f} ms", notes=f"{len(theirs)} crashes")


def _gaps(command: Command) -> list[float]:
    """Return the seconds between each death and the first line of the test that ran next."""
    stamps = command.folder / "stamps.jsonl"
    stamps.unlink(missing_ok=True)
    run(command)
    times = [json.loads(line) for line in stamps.read_text().splitlines()]
    after = [(kind, later - at) for (kind, at), (_, later) in itertools.pairwise(times)]
    return [gap for kind, gap in after if kind == "dies"]


@figure
def single(bench: Bench) -> Iterator[Line]:
    """One test, against plain pytest."""
    folder = bench.suite(1, 1)
    samples = side_by_side(
        {
            "plain": Command(folder, WITHOUT, "1 passed"),
            "ours": Command(folder, ("-q", "--isolate=session"), "1 passed"),
        },
        3 * bench.runs,
    )
    plain, ours = samples["plain"], samples["ours"]
    apart = f"runs {spread(ours)} : {spread(plain)}"
    title = "One test, `--isolate=session` : plain pytest, wall"
    yield _ratio(title, 1.4, wall(ours) * 1000, wall(plain) * 1000, apart, unit="ms")


@figure
def unused(bench: Bench) -> Iterator[Line]:
    """Installed but not used, against not installed, and the import of the plugin."""
    folder = bench.suite(40, 25)
    samples = side_by_side(
        {
            "without": Command(folder, WITHOUT, "1000 passed"),
            "unused": Command(folder, ("-q",), "1000 passed"),
        },
        3 * bench.runs,
    )
    low, high = _interval(samples["unused"], samples["without"])
    ratio = cpu(samples["unused"]) / cpu(samples["without"])
    yield Line(
        "1,000 tests, installed but not used : not installed, CPU",
        f"**{ratio:.3f}**",
        "noise",
        low <= 1.0 or ratio <= 1.01,
        f"95 % interval {low:.3f} to {high:.3f} (bootstrap of {3 * bench.runs} pairs)",
    )
    imports = [_import_time() for _ in range(3 * bench.runs)]
    took = statistics.median(imports) * 1000
    notes = f"{min(imports) * 1000:.1f} to {max(imports) * 1000:.1f} ms, pytest and xdist imported"
    yield Line("Import of the plugin", f"**{took:.1f} ms**", "≤ 50 ms", took <= 50, notes)


def _interval(ours: list[Sample], theirs: list[Sample]) -> tuple[float, float]:
    """Return the 95 % interval of the ratio of CPU times, by drawing pairs with replacement."""
    pairs = [(one.cpu, other.cpu) for one, other in zip(ours, theirs, strict=True)]
    draw = random.Random(0)
    ratios = []
    for _ in range(2000):
        drawn = [draw.choice(pairs) for _ in pairs]
        one, other = (statistics.median(column) for column in zip(*drawn, strict=True))
        ratios.append(one / other)
    ratios.sort()
    return ratios[50], ratios[-51]


def _import_time() -> float:
    """Import the plugin in a fresh interpreter in which what it depends on is there already."""
    program = (
        "import time, pytest, xdist.plugin; began = time.perf_counter();"
        "import pytest_bulkhead.plugin; print(time.perf_counter() - began)"
    )
    command = [sys.executable, "-c", program]
    return float(subprocess.run(command, capture_output=True, check=True, text=True).stdout)


@figure
def controller(bench: Bench) -> Iterator[Line]:
    """The controller's own CPU for each report, and its peak memory, at 20,000 tests.

    Its own is all that its loop takes, less what plain pytest takes, in the same suite, in the
    three hooks by which it hears of a test: that much any run has to pay.
    """
    folder = bench.suite(200, 100)
    ways = {"ours": ("-q", "--isolate=session"), "xdist": (*WITHOUT, "-n1"), "plain": WITHOUT}
    seen = {name: _probed(folder, "cpu", arguments) for name, arguments in ways.items()}
    theirs = seen["plain"]["hooks"] / seen["plain"]["reports"]
    own = {name: (seen[name]["loop"] / seen[name]["reports"] - theirs) * 1e6 for name in ways}
    yield Line(
        "Controller's own CPU for each report",
        f"**{own['ours']:.0f} µs**",
        "≤ 200 µs",
        own["ours"] <= 200,
        f"`pytest-xdist -n 1`: {own['xdist']:.0f} µs; pytest's own {theirs * 1e6:.0f} µs not counted",
    )
    peaks = {name: seen[name]["peak_kib"] / 1024 for name in ways}
    yield Line(
        "Controller's peak memory, 20,000 tests",
        f"{peaks['ours']:.0f} MB",
        notes=f"`pytest-xdist -n 1`: {peaks['xdist']:.0f} MB, plain pytest: {peaks['plain']:.0f} MB",
    )


@figure
def memory(bench: Bench) -> Iterator[Line]:
    """The controller's memory for each test beyond pytest's own reports, at 20,000 tests."""
    folder = bench.suite(200, 100)
    ways = {"ours": ("-q", "--isolate=session"), "xdist": (*WITHOUT, "-n1"), "plain": WITHOUT}
    # The last line is wrong, for the probe drops what pytest counts with.
    said = "in [0-9.]+s"
    seen = {name: _probed(folder, "memory", ways[name], must_say=said) for name in ways}
    reports = {name: (seen[name]["everything"] - seen[name]["beyond"]) / 20_000 for name in ways}
    kept = seen["ours"]["beyond"] / 20_000
    yield Line(
        "Controller's memory for each test, beyond what pytest keeps",
        f"**{kept:.0f} B**",
        "< 1024 B",
        kept < 1024,
        f"`pytest-xdist -n 1`: {seen['xdist']['beyond'] / 20_000:.0f} B; what pytest keeps, its reports: "
        f"{reports['ours']:.0f} B a test, xdist's {reports['xdist']:.0f} B, plain pytest's, which "
        f"share their texts with the items, {reports['plain']:.0f} B",
    )


def _probed(
    folder: Path, kind: str, arguments: tuple[str, ...], must_say: str = "20000 passed"
) -> dict[str, float]:
    """Run once with the probe in the controller, and return what it saw."""
    environ = {"BENCH_PROBE": kind, "BENCH_REPORTS": "60000"}
    run(Command(folder, (*arguments, "-p", "bench.probe"), must_say, environ))
    seen = folder / "probe.json"
    try:
        return dict(json.loads(seen.read_text()))
    finally:
        seen.unlink(missing_ok=True)


@figure
def function(bench: Bench) -> Iterator[Line]:
    """A process for each test: the price of one, against pytest-forked's where that works."""
    folder = bench.suite(20, 15)
    commands = {
        "plain": Command(folder, WITHOUT, "300 passed"),
        "ours": Command(folder, ("-q", "--isolate=function"), "300 passed"),
    }
    forked = importlib.util.find_spec("pytest_forked") and pytest.version_tuple < (9, 2)
    if forked:
        commands["forked"] = Command(folder, (*WITHOUT, "--forked"), "300 passed")
    samples = side_by_side(commands, bench.runs)
    title = "A process for each of 300 tests, for each test, over plain pytest"
    for name in set(commands) - {"plain"}:
        each_wall = (wall(samples[name]) - wall(samples["plain"])) / 300 * 1000
        each_cpu = (cpu(samples[name]) - cpu(samples["plain"])) / 300 * 1000
        said = "`--isolate=function`" if name == "ours" else "`pytest-forked`"
        measured = f"{each_wall:.1f} ms of wall, {each_cpu:.1f} ms of CPU"
        yield Line(f"{title}, {said}", measured, notes=unaccounted({name: samples[name]}))
    if not forked:
        versions = f"pytest {importlib.metadata.version('pytest')}"
        yield Line(f"{title}, `pytest-forked`", "not measured", notes=f"not usable with {versions}")

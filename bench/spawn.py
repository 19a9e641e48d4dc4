"""The figure of spares: a suite whose processes are spawned, against pytest started for each file."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from pathlib import Path

from bench import suites
from bench.figures import WITHOUT, Bench, Line, figure
from bench.measure import Command, run

_MODULES = 20


@figure
def spares(bench: Bench) -> Iterator[Line]:
    """One spawned process for each of 20 modules, against `pytest FILE` for each, in turn."""
    folder = bench.folder / "spares"
    if not folder.exists():
        suites.write(folder, _MODULES, 5, head=suites.heavy_import())
    ours = ("-q", "--isolate=module", "--isolate-start=spawn")
    walls: dict[str, list[float]] = {"files": [], "spares": [], "none": []}
    for _ in range(max(1, bench.runs // 2)):
        walls["spares"].append(run(Command(folder, ours, "100 passed")).wall)
        walls["files"].append(_one_by_one(folder))
        without = (*ours, "-o", "isolate_spares=0")
        walls["none"].append(run(Command(folder, without, "100 passed")).wall)
    medians = {name: statistics.median(some) for name, some in walls.items()}
    ratio = medians["spares"] / medians["files"]
    yield Line(
        f"20 modules that import {suites.HEAVY}, `--isolate=module --isolate-start=spawn` : "
        "`pytest FILE` for each",
        f"**{ratio:.2f}** ({medians['spares']:.1f} s : {medians['files']:.1f} s)",
        "≤ 0.6",
        ratio <= 0.6,
        f"without spares {medians['none']:.1f} s; {len(walls['files'])} runs",
    )


def _one_by_one(folder: Path) -> float:
    """Return the seconds of a pytest for each file, one after the other."""
    files = sorted(path.name for path in folder.glob("test_*.py"))
    return sum(run(Command(folder, (*WITHOUT, name), "5 passed")).wall for name in files)

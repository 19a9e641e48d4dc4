"""The command line of the bench.

python -m bench                       all figures, five runs each
python -m bench --only crash --runs 3
python -m bench --write               put the table into docs/performance.md
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

import bench.guards
import bench.models
import bench.spawn
import bench.stages  # noqa: F401 - their figures register themselves
from bench.figures import FIGURES, Bench, Line
from bench.measure import WrongRun, adopt_orphans, check_accounting

PAGE = Path(__file__).parent.parent / "docs" / "performance.md"
BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
HEAD = "| figure | measured | target | met | notes |\n|---|---|---|---|---|"


def main(argv: list[str] | None = None) -> int:
    """Measure, print, and write if asked to; 1 when a target is missed or a run went wrong."""
    options = _parser().parse_args(argv)
    adopt_orphans()
    check_accounting()
    print(machine(), flush=True)
    lines: list[Line] = []
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name in options.only or FIGURES:
            began = time.monotonic()
            try:
                for line in FIGURES[name](Bench(Path(folder), options.runs)):
                    lines.append(line)
                    print(_plain(line), flush=True)
            except WrongRun as problem:
                wrong += 1
                print(f"  WRONG  {name}: {problem}", file=sys.stderr, flush=True)
            print(f"         ({name}: {time.monotonic() - began:.0f} s)", flush=True)
    if options.write:
        PAGE.write_text(merged(PAGE.read_text(), lines))
    missed = [line.figure for line in lines if line.met is False]
    print(f"{len(lines)} figures, {len(missed)} missed, {wrong} could not be measured")
    return 1 if missed or wrong else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="Measure what this project promises, side by side."
    )
    parser.add_argument(
        "--only", nargs="+", choices=FIGURES, metavar="FIGURE", help=", ".join(FIGURES)
    )
    parser.add_argument("--runs", type=int, default=5, help="runs of each, the first not counted")
    parser.add_argument("--write", action="store_true", help=f"update {PAGE.name}")
    return parser


def machine() -> str:
    """Say on what was measured."""
    versions = ", ".join(
        f"{name} {importlib.metadata.version(name)}" for name in ("pytest", "pytest-xdist")
    )
    model = re.search(r"model name\s*: (.+)", Path("/proc/cpuinfo").read_text())
    return (
        f"Python {platform.python_version()}, {versions}, Linux {platform.release()}, "
        f"{os.cpu_count()} cores ({model[1].strip() if model else platform.machine()}), "
        f"{time.strftime('%Y-%m-%d')}"
    )


def _plain(line: Line) -> str:
    verdict = {True: "met", False: "MISSED", None: ""}[line.met]
    measured = line.measured.replace("**", "")
    target = f"target {line.target} " if line.met is not None else ""
    return f"  {verdict:6} {line.figure}: {measured} {target}{f'[{line.notes}]' * bool(line.notes)}"


def row(line: Line) -> str:
    """Return a line as a row of the table."""
    verdict = {True: "yes", False: "**no**", None: ""}[line.met]
    return f"| {line.figure} | {line.measured} | {line.target} | {verdict} | {line.notes} |"


def merged(page: str, lines: Iterable[Line]) -> str:
    """Return the page with these lines in its table; lines of other figures stay."""
    before, _, rest = page.partition(BEGIN)
    table, _, after = rest.partition(END)
    rows = {row.split(" | ")[0]: row for row in table.splitlines()[1:] if row.startswith("| ")}
    rows.pop("| figure", None)
    rows |= {f"| {line.figure}": row(line) for line in lines}
    body = "\n".join([BEGIN, machine() + "\n", HEAD, *rows.values(), END])
    return f"{before}{body}{after}"

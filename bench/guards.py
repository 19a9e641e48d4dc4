"""The figure of guards: what it costs to look at the process around each test."""

from __future__ import annotations

from collections.abc import Iterator

from bench.figures import Bench, Line, figure
from bench.measure import Command, side_by_side, spread, wall


@figure
def guards(bench: Bench) -> Iterator[Line]:
    """1,000 tests that leave nothing, with every guard that need not be named and with none."""
    folder = bench.suite(40, 25)
    ours = ("-q", "--isolate=session", "-o")
    samples = side_by_side(
        {
            "off": Command(folder, (*ours, "isolate_guards=off"), "1000 passed"),
            "report": Command(folder, (*ours, "isolate_guards=report"), "1000 passed"),
        },
        bench.runs,
    )
    each = (wall(samples["report"]) - wall(samples["off"])) * 1000
    yield Line(
        "Guards, for each of 1,000 tests: `isolate_guards=report` less `off`",
        f"**{each:.0f} µs**",
        "≤ 150 µs",
        each <= 150,
        f"runs {spread(samples['report'])} : {spread(samples['off'])}",
    )

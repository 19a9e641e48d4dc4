"""Bars as SVG: seconds by runner, one panel for each suite."""

from __future__ import annotations

from typing import NamedTuple
from xml.sax.saxutils import escape

WIDTH, LABEL, ROW, HEAD = 900, 250, 18, 34


class Bar(NamedTuple):
    """A runner's seconds; None when it was not run, and why not."""

    name: str
    seconds: float | None
    why: str = ""


def draw(panels: list[tuple[str, list[Bar]]]) -> str:
    """Return the picture; the longest bar of a panel takes its whole width."""
    parts: list[str] = []
    top = 10
    for title, bars in panels:
        parts.append(_text(10, top + 16, title, weight="bold"))
        longest = max((bar.seconds for bar in bars if bar.seconds is not None), default=1.0)
        for number, bar in enumerate(bars):
            parts += _row(top + HEAD + number * ROW, bar, longest)
        top += HEAD + len(bars) * ROW + 14
    head = f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{top}">'
    return "\n".join(
        [head, f'<rect width="{WIDTH}" height="{top}" fill="white"/>', *parts, "</svg>\n"]
    )


def _row(top: int, bar: Bar, longest: float) -> list[str]:
    label = _text(LABEL - 8, top + 9, bar.name, anchor="end")
    if bar.seconds is None:
        return [label, _text(LABEL + 4, top + 9, bar.why, fill="#888")]
    width = max(1.0, bar.seconds / longest * (WIDTH - LABEL - 80))
    colour = "#1f6f8b" if bar.name.startswith("bulkhead") else "#b8b8b8"
    shape = (
        f'<rect x="{LABEL}" y="{top - 2}" width="{width:.1f}" height="{ROW - 5}" fill="{colour}"/>'
    )
    return [label, shape, _text(LABEL + width + 5, top + 9, f"{bar.seconds:.2f} s")]


def _text(
    x: float,
    y: float,
    text: str,
    *,
    weight: str = "normal",
    anchor: str = "start",
    fill: str = "#222",
) -> str:
    style = f'font-family="sans-serif" font-size="12" font-weight="{weight}" fill="{fill}"'
    return f'<text x="{x:.1f}" y="{y}" text-anchor="{anchor}" {style}>{escape(text)}</text>'

"""Runs of numbers: `(3, 4, 5, 9)` is `(3, 6, 9, 10)`. Twenty thousand tests are two numbers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def to_spans(numbers: Iterable[int]) -> tuple[int, ...]:
    """Return the starts and stops of the runs of consecutive numbers, in order."""
    spans: list[int] = []
    for number in numbers:
        if spans and spans[-1] == number:
            spans[-1] = number + 1
        else:
            spans += (number, number + 1)
    return tuple(spans)


def cell_spans(numbers: Sequence[int], sizes: Iterable[int]) -> tuple[int, ...]:
    """Return the start and stop of each cell; the numbers of a cell are consecutive."""
    spans: list[int] = []
    at = 0
    for size in sizes:
        spans += (numbers[at], numbers[at] + size)
        at += size
    return tuple(spans)


def from_spans(spans: Sequence[int]) -> tuple[int, ...]:
    """Return the numbers of `to_spans`."""
    pairs = zip(spans[::2], spans[1::2], strict=True)
    return tuple(number for start, stop in pairs for number in range(start, stop))

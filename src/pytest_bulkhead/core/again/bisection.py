"""The smallest part of the tests before another one that makes it break.

Theory of operation: delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating
Failure-Inducing Input", 2002). The tests are cut into pieces; a piece alone, or all but a piece,
after which the test breaks too is cut further; when there is none, the pieces become smaller. A
single culprit among n takes about 2 log n runs. The search is a generator: it yields a part to try
and is sent whether the test broke after it.

Invariants:

- A part keeps the order of the whole, and none is tried twice.
- After what is returned the test broke, and after no part of it that is one test smaller.
"""

from __future__ import annotations

import itertools
from collections.abc import Generator, Iterator, Sequence
from typing import Any

#: Tests, in order: node ids, or numbers of items.
Part = tuple[Any, ...]

#: Yields parts to try, is sent whether the test broke, and returns the smallest after which it did.
Search = Generator[Part, bool, Part]


def minimise(suspects: Sequence[str]) -> Search:
    """Search for the smallest part.

    Args:
        suspects: after all of these, in this order, the test breaks.
    """
    part, pieces = tuple(suspects), 2
    known: dict[Part, bool] = {}
    while len(part) > 1:
        smaller = yield from _first_that_breaks(_cut(part, pieces), known)
        if smaller:
            # All but one piece: the others are as small as they were.
            pieces = max(2, pieces - 1) if len(smaller) > len(part) // 2 else 2
            part = smaller
        elif pieces < len(part):
            pieces = min(len(part), pieces * 2)
        else:
            break
    return part


def _first_that_breaks(parts: Iterator[Part], known: dict[Part, bool]) -> Search:
    for part in parts:
        if part not in known:
            known[part] = yield part
        if known[part]:
            return part
    return ()


def _cut(part: Part, pieces: int) -> Iterator[Part]:
    """Yield each piece, the last first, for culprits are near; then all but each."""
    edges = [len(part) * number // pieces for number in range(pieces + 1)]
    spans = list(itertools.pairwise(edges))[::-1]
    for start, end in spans:
        yield part[start:end]
    if pieces > 2:
        for start, end in spans:
            yield part[:start] + part[end:]


def doubt(broke: int, tries: int) -> float:
    """Return how likely a part that makes the test break would have been taken for harmless.

    Args:
        broke: how often the test broke after all suspects,
        tries: in as many runs; a part is harmless when it breaks in none of as many.
    """
    return (1 - broke / tries) ** tries

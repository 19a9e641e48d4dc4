"""The terminal's sections on what tests have taken of the machine."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pytest_bulkhead.core.resources.capacity import Capacity
from pytest_bulkhead.core.resources.sizes import show_size


def gpus_line(capacity: Capacity) -> str:
    """Return the line on the GPUs that are given out, and what they do not allow."""
    cards = [f"{card.token} ({_size(card.memory)})" for card in capacity.cards]
    alone = [card.token for card in capacity.cards if card.alone]
    notes = [f"GPUs {', '.join(cards)}"]
    if alone:
        notes.append(f"in exclusive mode, for one process at a time: {', '.join(alone)}")
    if capacity.mps:
        notes.append(
            "served by MPS: a fatal fault of one process there may end those beside it on its GPU"
        )
    return f"isolate: {'; '.join(notes)}"


def _size(memory: float) -> str:
    return show_size(memory) if memory else "of a size that nobody tells"


def write_held(reporter: Any, texts: Iterable[str]) -> None:  # noqa: ANN401 - TerminalReporter
    """Write the section on memory of GPUs that did not come back in time."""
    for number, text in enumerate(texts):
        if number == 0:
            reporter.write_sep("=", "GPU memory that did not come back", yellow=True)
        reporter.write_line(text)


def write_overuse(reporter: Any, found: Iterable[tuple[str, str]]) -> None:  # noqa: ANN401
    """Write the section on groups that used more than they had declared.

    Args:
        reporter: the terminal's.
        found: (name of a group, what it should have declared) of each.
    """
    for number, (group, text) in enumerate(found):
        if number == 0:
            reporter.write_sep("=", "more used than declared", yellow=True)
        reporter.write_line(f"{group}: {text}")

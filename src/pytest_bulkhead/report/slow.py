"""What a run spent its time on, in few lines: the slowest tests, and the life of processes."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence

from pytest_bulkhead.core.item import Item
from pytest_bulkhead.report.attempts import Attempts
from pytest_bulkhead.report.lives import Life, Lives

#: Seconds below which nothing is called slow, and how many of the slowest are named.
_SLOW, _SHOWN = 0.05, 5

#: Seconds of a collection from which on somebody will want to know what was imported.
_LONG_COLLECTION = 1.0


def slow_lines(items: Sequence[Item], attempts: Attempts, lives: Lives) -> Iterator[str]:
    """Yield what took how long.

    Args:
        items: of the run.
        attempts: at them.
        lives: of its processes.
    """
    yield from _collection_lines(lives.collection_seconds)
    yield from _test_lines(items, attempts)
    if lives.of:
        yield from _process_lines(list(lives.of.values()), attempts)


def _collection_lines(seconds: float) -> Iterator[str]:
    if seconds:
        hint = "; --isolate-imports tells on what" if seconds > _LONG_COLLECTION else ""
        yield f"waited {seconds:.2f} s for the collection{hint}"


def _test_lines(items: Sequence[Item], attempts: Attempts) -> Iterator[str]:
    seconds = {index: attempts.seconds(index) for index in attempts.of}
    slowest = [one for one in _largest(seconds) if seconds[one] >= _SLOW]
    if not slowest:
        yield f"no test took {_SLOW:g} s"
    for index in slowest:
        yield f"{seconds[index]:8.2f} s  {items[index].nodeid}{_parts(attempts, index)}"


def _largest(seconds: dict[int, float]) -> list[int]:
    return heapq.nlargest(_SHOWN, seconds, key=seconds.__getitem__)


def _parts(attempts: Attempts, index: int) -> str:
    """Return the phases that a test spent its time on, unless that was its call alone."""
    parts: dict[str, float] = {}
    for attempt in attempts.of[index]:
        for phase in attempt.phases:
            parts[phase.when] = parts.get(phase.when, 0.0) + phase.seconds
    shown = [f"{what} {seconds:.2f} s" for what, seconds in parts.items() if seconds >= _SLOW]
    only_call = len(shown) == 1 and shown[0].startswith("call")
    return f" ({', '.join(shown)})" if shown and not only_call else ""


def _process_lines(lives: Sequence[Life], attempts: Attempts) -> Iterator[str]:
    in_tests = dict.fromkeys((life.worker.id for life in lives), 0.0)
    for tried in attempts.of.values():
        for attempt in tried:
            in_tests[attempt.worker.id] += attempt.seconds
    starts, tests, leaves = (
        sum(life.start_seconds for life in lives),
        sum(in_tests.values()),
        sum(life.leave_seconds for life in lives),
    )
    waited = max(0.0, sum(life.seconds for life in lives) - starts - tests - leaves)
    noun = "1 process" if len(lives) == 1 else f"{len(lives)} processes"
    yield (
        f"{noun}: {starts:.2f} s of start-up, {tests:.2f} s in tests, {waited:.2f} s of waiting "
        f"and what is between tests, {leaves:.2f} s of leaving"
    )
    yield from _worst("start-up", {life.worker.id: life.start_seconds for life in lives}, lives)
    yield from _worst("leaving", {life.worker.id: life.leave_seconds for life in lives}, lives)


def _worst(what: str, seconds: dict[int, float], lives: Sequence[Life]) -> Iterator[str]:
    worst = max(lives, key=lambda life: seconds[life.worker.id])
    took = seconds[worst.worker.id]
    if len(lives) > 1 and took >= _SLOW:
        yield f"{took:8.2f} s  longest {what}: gw{worst.worker.slot}, {worst.group}"

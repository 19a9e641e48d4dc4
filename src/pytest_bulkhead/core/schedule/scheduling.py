"""Which share comes next: plain order with one worker, the longest first with several."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.schedule.grouping import Share


def order_shares(
    shares: Sequence[Share], items: Sequence[Item], durations: Mapping[str, float], workers: int
) -> list[Share]:
    """Order shares: known long ones, then unknown ones, then known short ones.

    A share is unknown when one of its tests was never timed; short means below the mean of the
    known ones. With one worker the order stays plain pytest's.

    Args:
        shares: in collection order.
        items: all items.
        durations: {node id: seconds} of earlier runs.
        workers: how many tests may run at once.
    """
    if workers == 1:
        return list(shares)
    known = {share.id: _known_seconds(share, items, durations) for share in shares}
    timed = [seconds for seconds in known.values() if seconds is not None]
    mean = sum(timed) / len(timed) if timed else 0.0

    def rank(share: Share) -> tuple[int, float, int]:
        seconds = known[share.id]
        if seconds is None:
            return (1, 0.0, share.id)
        return (0 if seconds >= mean else 2, -seconds, share.id)

    return sorted(shares, key=rank)


def _known_seconds(
    share: Share, items: Sequence[Item], durations: Mapping[str, float]
) -> float | None:
    seconds = 0.0
    for index in share.items:
        duration = durations.get(items[index].nodeid)
        if duration is None:
            return None
        seconds += duration
    return seconds

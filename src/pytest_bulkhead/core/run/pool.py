"""The shares that nobody has been given yet, in the order in which they are to run."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Iterable, Iterator

from pytest_bulkhead.core.schedule.grouping import Share


class Pool:
    """Shares that wait.

    Invariant: `_order` without the other groups is the queue of a group, in the same order.
    """

    def __init__(self, shares: Iterable[Share] = ()) -> None:
        # An OrderedDict, for a plain dict that is emptied from the front is searched from the
        # front again each time: 20,000 shares would cost 2 * 10^8 steps.
        self._order: OrderedDict[int, Share] = OrderedDict()
        self._of_group: dict[int, deque[int]] = {}
        self._next_id = 0
        for share in shares:
            self._order[share.id] = share
            self._of_group.setdefault(share.group, deque()).append(share.id)
            self._next_id = max(self._next_id, share.id + 1)

    def __len__(self) -> int:
        return len(self._order)

    def __iter__(self) -> Iterator[Share]:
        return iter(self._order.values())

    def groups(self) -> Iterator[int]:
        """Yield the groups that have a share here."""
        return (group for group, queue in self._of_group.items() if queue)

    def peek(self, group: int) -> Share | None:
        """Return the next share of a group without taking it."""
        queue = self._of_group.get(group)
        return self._order[queue[0]] if queue else None

    def take(self, share: Share) -> None:
        """Remove a share: it was given to a worker."""
        del self._order[share.id]
        self._of_group[share.group].remove(share.id)

    def put_back(self, group: int, items: tuple[int, ...]) -> None:
        """Add items of a group that lost its worker, to run before all others."""
        share = self._add(group, items)
        self._order.move_to_end(share.id, last=False)
        self._of_group.setdefault(group, deque()).appendleft(share.id)

    def put_behind(self, group: int, items: tuple[int, ...]) -> None:
        """Add items of a group behind its others: one of those may be promised as the next."""
        share = self._add(group, items)
        queue = self._of_group.setdefault(group, deque())
        self._order.move_to_end(share.id, last=bool(queue))
        queue.append(share.id)

    def _add(self, group: int, items: tuple[int, ...]) -> Share:
        share = Share(self._next_id, group, items)
        self._next_id += 1
        self._order[share.id] = share
        return share

    def drop(self, group: int) -> None:
        """Remove all shares of a group."""
        for share_id in self._of_group.pop(group, ()):
            del self._order[share_id]

    def clear(self) -> None:
        """Remove all shares."""
        self._order.clear()
        self._of_group.clear()

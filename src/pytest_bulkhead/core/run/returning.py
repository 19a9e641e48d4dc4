"""GPUs come back: from the end of a worker until somebody has seen that their memory is free.

Theory of operation: the driver takes a context down some time after its process is gone, and what a
test has left running holds one for ever. So the GPUs of a worker stay granted to it after its end.
They are looked at at once and then again and again; when nobody holds any more what it held, they
are free. When the grace period is over, those who hold it are named, and the policy says whether
the next group has them all the same.

Invariants:

- A GPU is granted again only when it was seen free, or its holders were told.
- No run waits for ever unless that was asked for (`wait`) and a test is left to wait for it, and
  none that was interrupted waits.
"""

from __future__ import annotations

import dataclasses

from pytest_bulkhead.core import actions as do
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.policy import GpuRelease
from pytest_bulkhead.core.resources.capacity import Grants

#: Seconds between two looks; once the holders were told, there is no hurry.
LOOK, LATER_LOOK = 0.05, 1.0


@dataclasses.dataclass(slots=True)
class _Gone:
    """A worker that is gone, and whose GPUs have not come back."""

    since: float
    items: tuple[int, ...]
    #: The instant of the next look; None while one is under way.
    look: float | None = None
    told: bool = False


class Returning:
    """The GPUs that have not come back yet."""

    def __init__(self, release: GpuRelease) -> None:
        self._release = release
        self._gone: dict[int, _Gone] = {}

    def __bool__(self) -> bool:
        return bool(self._gone)

    def next_deadline(self) -> float | None:
        """Return the instant of the next look; None for none."""
        return min((one.look for one in self._gone.values() if one.look is not None), default=None)

    def begin(self, worker: int, items: tuple[int, ...], now: float) -> list[do.Action]:
        """Look at the GPUs of a worker that is gone.

        Args:
            worker: its number.
            items: the tests that had run in it.
            now: the instant of its end.
        """
        self._gone[worker] = _Gone(now, items)
        return [do.LookAtCards(worker)]

    def look_again(self, now: float) -> list[do.Action]:
        """Look again where it is time."""
        late = [w for w, one in self._gone.items() if one.look is not None and one.look <= now]
        for worker in late:
            self._gone[worker].look = None
        return [do.LookAtCards(worker) for worker in late]

    def seen(
        self, event: ev.CardsSeen, grants: Grants, now: float, *, wanted: bool
    ) -> list[do.Action]:
        """Take in what a look has shown: free what has come back, or is not waited for.

        Args:
            event: the look.
            grants: where it is freed.
            now: the instant.
            wanted: somebody may need a GPU yet.
        """
        gone = self._gone[event.worker]
        seconds = now - gone.since
        tells = bool(event.holders) and seconds >= self._release.grace and not gone.told
        gone.told = gone.told or tells
        waits = wanted and self._release.policy == "wait"
        if not event.holders or (gone.told and not waits):
            del self._gone[event.worker]
            grants.returned(event.worker)
        gone.look = now + (LATER_LOOK if gone.told else LOOK)
        return [do.ReportHeld(event.worker, event.holders, seconds, gone.items)] if tells else []

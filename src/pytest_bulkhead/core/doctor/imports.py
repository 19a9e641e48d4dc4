"""What imports cost: the share of each package in one thread, and the bill of a run.

Theory of operation: the import of a module is a span of time, with those of what it imports within.
Spans are told apart by **package**, the part of a name before its first dot: where the package
changes from one span to the next inner one, an **entry** begins. Its total is all that passes until
its end; its own is that without the entries within it. So the sum of what is own is what passed,
however packages import each other, and a package that imports itself by way of another is not
counted twice: only its outermost entry has a total.

Knows no clock: instants are seconds and memory is bytes, whoever measured them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pytest_bulkhead.core.item import Phase

#: A package is heavy when a run pays this for it: seconds of its own, or bytes of resident memory.
HEAVY_SECONDS, HEAVY_BYTES = 0.05, 10 * 2**20

#: What costs less, on one occasion, is told as one of many.
SMALL_SECONDS, SMALL_BYTES = 0.001, 2**20

#: The package's name of all that is small.
MANY = ""


class Paid(NamedTuple):
    """What was paid for one package."""

    package: str
    #: Seconds without those of other packages that it imported; and with them.
    own: float
    total: float
    #: Bytes by which the resident memory grew, without those for other packages.
    grown: int
    #: The line that led to it, as `file:line`; empty when it cannot be told.
    place: str = ""
    #: How often the package itself was imported, and not just another module of it.
    times: int = 0

    @property
    def is_small(self) -> bool:
        """Whether nobody asks where so little was spent."""
        return self.own < SMALL_SECONDS and self.grown < SMALL_BYTES

    @property
    def is_heavy(self) -> bool:
        """Whether somebody will want to know."""
        return self.own >= HEAVY_SECONDS or self.grown >= HEAVY_BYTES

    def __add__(self, other: Paid) -> Paid:  # type: ignore[override]
        """Return the sum; the place is the first that is known."""
        return Paid(
            self.package,
            self.own + other.own,
            self.total + other.total,
            self.grown + other.grown,
            self.place or other.place,
            self.times + other.times,
        )


@dataclasses.dataclass(slots=True)
class _Entry:
    package: str
    since: float
    resident: int
    outermost: bool
    #: What the entries within it took.
    seconds: float = 0.0
    grown: int = 0


class Meter:
    """The imports that are under way in one thread."""

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    def begins(self, package: str) -> bool:
        """Whether the import of a module of this package would be an entry."""
        return not self._entries or self._entries[-1].package != package

    def begin(self, package: str, now: float, resident: int) -> int:
        """Begin an entry; return how many there are around it, which its end has to name."""
        outermost = all(entry.package != package for entry in self._entries)
        self._entries.append(_Entry(package, now, resident, outermost))
        return len(self._entries) - 1

    def end(self, around: int, now: float, resident: int) -> Paid:
        """End an entry, and whatever an interrupt kept from being ended within it."""
        entry = self._entries[around]
        del self._entries[around:]
        seconds, grown = now - entry.since, resident - entry.resident
        if self._entries:
            outer = self._entries[-1]
            outer.seconds += seconds
            outer.grown += grown
        total = seconds if entry.outermost else 0.0
        return Paid(entry.package, seconds - entry.seconds, total, grown - entry.grown)


def merge(paid: Iterable[Paid]) -> list[Paid]:
    """Return one sum for each package, in the order of their first, and one for all small ones."""
    sums = _sums(paid)
    small = [one._replace(package=MANY, total=0.0, place="") for one in sums if one.is_small]
    return [one for one in sums if not one.is_small] + _sums(small)


def _sums(paid: Iterable[Paid]) -> list[Paid]:
    sums: dict[str, Paid] = {}
    for one in paid:
        sums[one.package] = sums[one.package] + one if one.package in sums else one
    return list(sums.values())


class Occasion(NamedTuple):
    """What a process was doing when it imported something."""

    phase: Phase
    #: The test, or the node that was collected, by its id; empty for none.
    subject: str = ""

    @property
    def in_test(self) -> bool:
        """Whether a test owned the process: what is imported then was left to a function."""
        return self.phase.in_test

    def __str__(self) -> str:
        return f"{self.phase.word} of {self.subject}" if self.subject else self.phase.word


def read_imported(
    phase: int, subject: str, rows: Iterable[Sequence[Any]]
) -> tuple[Occasion, list[Paid]]:
    """Return the occasion, and what was paid on it, as a message or a journal tells of it.

    Raises:
        ValueError: it cannot have been so.
        TypeError: likewise.
    """
    paid = [
        Paid(str(package), float(own), float(total), int(grown), str(place), int(times))
        for package, own, total, grown, place, times in rows
    ]
    return Occasion(Phase(phase), subject), paid


class Row(NamedTuple):
    """What a run paid for one package."""

    paid: Paid
    #: All on which something was paid, in the order in which they were told of.
    occasions: Sequence[Occasion]


class Bill:
    """What a run pays for imports, in all its processes."""

    def __init__(self) -> None:
        self._paid: dict[str, Paid] = {}
        self._occasions: dict[str, dict[Occasion, None]] = {}
        self._clashes: dict[str, None] = {}

    def add(self, occasion: Occasion, paid: Iterable[Paid]) -> None:
        """Take in what was paid on an occasion."""
        for one in paid:
            before = self._paid.get(one.package)
            self._paid[one.package] = one if before is None else before + one
            self._occasions.setdefault(one.package, {})[occasion] = None

    def note_clashes(self, texts: Iterable[str]) -> None:
        """Take in what gets into each other's way; once, however many processes tell it."""
        self._clashes.update(dict.fromkeys(texts))

    @property
    def empty(self) -> bool:
        """Whether nothing was told."""
        return not (self._paid or self._clashes)

    @property
    def clashes(self) -> list[str]:
        """What got into each other's way, in the order in which it was found."""
        return list(self._clashes)

    def heavy(self) -> Iterator[Row]:
        """Yield what was paid for heavy packages, in the order of their first import."""
        for package, paid in self._paid.items():
            if package != MANY and paid.is_heavy:
                yield Row(paid, list(self._occasions[package]))

    def light(self) -> Paid:
        """Return what was paid for all that is not heavy."""
        return _total(one for one in self._paid.values() if one.package == MANY or not one.is_heavy)

    def sum(self) -> Paid:
        """Return what was paid for everything."""
        return _total(self._paid.values())


def _total(paid: Iterable[Paid]) -> Paid:
    sums = _sums(one._replace(package=MANY, place="") for one in paid)
    return sums[0] if sums else Paid(MANY, 0.0, 0.0, 0)

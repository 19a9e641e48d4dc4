"""What a machine has to give to tests, who holds how much of it, and whether more can be had.

Theory of operation: a worker is **granted** what the tests of its group need, before it is started,
and holds it until its process is gone: memory is not given back before, though CPUs are. The memory
of a GPU is not even then: it is held until somebody has seen it returned.

Invariants:

- Of nothing is more held than there is; a lock has one holder, or sharers only. But who asks for
  more than there is, once what several tests need is joined, gets all of it when nobody else holds
  anything: it never waits for what cannot come.
- A GPU in exclusive mode, or whose memory nobody knows, is held whole.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from pytest_bulkhead.core.resources.needs import Needs, lock_name

#: The numbers of GPUs, and the bytes of each; 0 for all of it.
Cards = tuple[tuple[int, float], ...]


class Card(NamedTuple):
    """A GPU as it can be granted."""

    #: What stands for it in `CUDA_VISIBLE_DEVICES`, as the user has written it there.
    token: str
    #: As the driver names it; empty where nobody can tell which one the token means.
    uuid: str = ""
    #: Bytes; 0 when nobody knows.
    memory: float = 0
    #: The compute capability, as `8.6`; empty when nobody knows.
    capability: str = ""
    #: Its compute mode lets one process use it at a time.
    alone: bool = False


class Capacity(NamedTuple):
    """What there is."""

    cpus: float
    #: Bytes; 0 when nobody knows, and then it is not counted.
    ram: float
    cards: tuple[Card, ...] = ()
    #: The tokens of the GPUs are our own: numbers in the order of the bus.
    by_bus: bool = False
    #: Processes on the GPUs come together in NVIDIA's MPS.
    mps: bool = False

    def for_workers(self, workers: int) -> Capacity:
        """Return the same with a CPU for each worker at least: as many are wanted at once."""
        return self._replace(cpus=max(self.cpus, workers))


def read_capacity(row: Sequence[Any]) -> Capacity | None:
    """Return it of the list of its fields, as JSON has it; of none, None."""
    if not row:
        return None
    cpus, ram, cards, *rest = row
    return Capacity(cpus, ram, tuple(Card(*card) for card in cards), *rest)


class Grant(NamedTuple):
    """What a worker holds."""

    cpus: int = 1
    ram: float = 0
    #: The numbers of its GPUs.
    cards: tuple[int, ...] = ()
    #: Bytes of each of those; 0 for all of it.
    card_memory: tuple[float, ...] = ()
    exclusive: tuple[str, ...] = ()
    shared: tuple[str, ...] = ()

    def of_card(self, number: int) -> float | None:
        """Return the bytes that it holds of a GPU, 0 for all of it; None for nothing."""
        held = dict(zip(self.cards, self.card_memory, strict=True))
        return held.get(number)

    def cards_alone(self) -> Grant:
        """Return what is left of it when its process is gone: GPUs that have not come back."""
        return Grant(0, 0, self.cards, self.card_memory)


#: What a worker holds where nothing is scarce.
NOTHING = Grant()


#: Holds what is set aside; workers count from 1.
_NOBODY = 0


def _grant(needs: Needs, cards: Cards) -> Grant:
    numbers, amounts = tuple(one for one, _ in cards), tuple(amount for _, amount in cards)
    return Grant(needs.cpus, needs.ram, numbers, amounts, needs.exclusive, needs.shared)


class Grants:
    """Who holds what. Where no test needs anything, nothing is scarce, and all can be had."""

    def __init__(self, capacity: Capacity | None = None) -> None:
        self.capacity = capacity
        #: {worker: what it holds}
        self.held: dict[int, Grant] = {}

    @property
    def scarce(self) -> bool:
        """Whether anything might have to be waited for."""
        return self.capacity is not None

    def shortage(self, needs: Needs) -> frozenset[str]:
        """Return the names of what there is not enough of now; empty when all can be had."""
        if self.capacity is None or not self.held:
            return frozenset()
        if Grants(self.capacity).is_beyond(needs):
            return frozenset({"cpus"})  # it waits until it is alone, and everybody takes some
        return self._shortage(needs)

    def is_beyond(self, needs: Needs) -> bool:
        """Whether there is not enough even while nobody holds anything."""
        return bool(self._shortage(needs))

    def _shortage(self, needs: Needs) -> frozenset[str]:
        assert self.capacity is not None, "something is scarce"
        names = set(map(lock_name, self._locked(needs)))
        if sum(one.cpus for one in self.held.values()) + needs.cpus > self.capacity.cpus:
            names.add("cpus")
        ram = sum(one.ram for one in self.held.values()) + needs.ram
        if needs.ram and 0 < self.capacity.ram < ram:
            names.add("ram")
        if self._choose(needs) is None:
            names.add("gpus")
        return frozenset(names)

    def _locked(self, needs: Needs) -> set[str]:
        """Return the locks that somebody else holds."""
        # As sets: a process may take a lock for each of its thousands of tests.
        exclusive = {lock for grant in self.held.values() for lock in grant.exclusive}
        shared = {lock for grant in self.held.values() for lock in grant.shared}
        return exclusive & {*needs.exclusive, *needs.shared} | shared & {*needs.exclusive}

    @contextlib.contextmanager
    def setting_aside(self) -> Iterator[Callable[[Needs, frozenset[str]], None]]:
        """Let what there is of somebody's needs be set aside, for as long as this lasts."""

        def set_aside(needs: Needs, short: frozenset[str]) -> None:
            there = Needs(
                cpus=0 if "cpus" in short else needs.cpus,
                ram=0 if "ram" in short else needs.ram,
                exclusive=tuple(one for one in needs.exclusive if lock_name(one) not in short),
                shared=tuple(one for one in needs.shared if lock_name(one) not in short),
            )
            cards = tuple(self._suitable(needs)) if "gpus" in short else self._choose(needs)
            self.held[_NOBODY] = _grant(there, cards or ())

        try:
            yield set_aside
        finally:
            self.held.pop(_NOBODY, None)

    def hold(self, worker: int, needs: Needs) -> Grant:
        """Grant a worker what it needs: there must be no shortage of it."""
        if self.capacity is None:
            return NOTHING
        cards = self._choose(needs)
        if cards is None:  # several tests together ask for what no GPU here is
            cards = tuple((number, 0.0) for number in range(len(self.capacity.cards)))
        self.held[worker] = _grant(needs, cards)
        return self.held[worker]

    def of(self, worker: int) -> Grant:
        """Return what a worker holds."""
        return self.held.get(worker, NOTHING)

    def rest(self, worker: int) -> None:
        """Take back the CPUs of a worker that has left: it does nothing any more but end."""
        if worker in self.held:
            self.held[worker] = self.held[worker]._replace(cpus=0)

    def leave(self, worker: int) -> bool:
        """Take back what a worker held whose process is gone; return whether it has GPUs still."""
        grant = self.held.pop(worker, NOTHING)
        if grant.cards:
            self.held[worker] = grant.cards_alone()
        return bool(grant.cards)

    def returned(self, worker: int) -> None:
        """Take back the GPUs of a worker that has left."""
        self.held.pop(worker, None)

    # -- GPUs ----------------------------------------------------------------------------------

    def _choose(self, needs: Needs) -> Cards | None:
        """Return the first GPUs that will do, and how much of each; None when there are not."""
        assert self.capacity is not None, "where nothing is scarce, nobody chooses"
        if not (needs.gpus and self.capacity.cards):  # other kinds are nobody's to give out
            return ()
        chosen: list[tuple[int, float]] = []
        memory = 0.0
        for number, amount in self._suitable(needs):
            chosen.append((number, amount))
            memory += self.capacity.cards[number].memory or needs.gpu_memory_total
            if len(chosen) >= needs.gpus and memory >= needs.gpu_memory_total:
                return tuple(chosen)
        return None

    def _suitable(self, needs: Needs) -> Iterator[tuple[int, float]]:
        """Yield the GPUs that are as they are wanted and free, and how much is wanted of each."""
        from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - slow, and only for GPUs

        assert self.capacity is not None, "as above"
        allowed = SpecifierSet(needs.capability)
        for number, card in enumerate(self.capacity.cards):
            amount = self._amount(card, needs)
            fits = not card.capability or allowed.contains(card.capability)
            if fits and self._has(number, card, amount, needs):
                yield number, amount

    def _amount(self, card: Card, needs: Needs) -> float:
        whole = card.alone or not card.memory or needs.gpu_memory_total
        return 0 if whole else needs.gpu_memory

    def _has(self, number: int, card: Card, amount: float, needs: Needs) -> bool:
        """Whether a GPU has as much to give now."""
        given = [grant.of_card(number) for grant in self.held.values()]
        taken = [one for one in given if one is not None]
        if card.memory and needs.gpu_memory > card.memory:
            return False
        if not amount or 0 in taken:
            return not taken
        return sum(taken) + amount <= card.memory

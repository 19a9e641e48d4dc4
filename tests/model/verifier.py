"""A verifier of journals: whether what was granted could be had, and nobody waited in vain.

Written without the code that it verifies: it knows the journal, and the rules.

1. A worker is granted at least what each test of its group needs.
2. Of CPUs, memory and each GPU no more is held at once than there is; a GPU in exclusive mode has
   one holder. Who holds anything alone may have all of it.
3. A lock has one holder, or sharers only.
4. No slot is idle while a group waits that could start, beside what is set aside for another one
   that has to wait.
5. A GPU is granted again when it was seen free, or its holders were told.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from packaging.specifiers import SpecifierSet

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.report.journal import Line

Grant = Mapping[str, Any]


def _cuts_short(event: ev.Event | None) -> bool:
    """Whether nobody can see who waited: what was never granted stands in no journal."""
    if isinstance(event, ev.TemplateEnded):
        return not event.end.clean
    return isinstance(event, (ev.StopAsked, ev.Interrupted, ev.KeeperLost))


def verify(heading: Mapping[str, Any], lines: Sequence[Line]) -> list[str]:
    """Return what is wrong with a journal, in words; nothing for one that is right."""
    return list(_Verifier(heading, lines).findings())


@dataclasses.dataclass
class _Verifier:
    heading: Mapping[str, Any]
    lines: Sequence[Line]
    items: Sequence[Item] = ()
    capacity: Any = None
    #: {worker: what it holds}; of one that is gone, its GPUs.
    held: dict[int, Grant] = dataclasses.field(default_factory=dict)
    #: {worker: when it ended}, of those that hold GPUs still.
    gone: dict[int, float] = dataclasses.field(default_factory=dict)
    busy: set[int] = dataclasses.field(default_factory=set)
    begun: set[str] = dataclasses.field(default_factory=set)
    #: The run was neither stopped nor given up.
    whole: bool = True

    def findings(self) -> Iterator[str]:
        self.whole = not any(_cuts_short(line.event) for line in self.lines)
        to_come = [g for line in self.lines if (g := (line.evidence or {}).get("granted"))]
        for line in self.lines:
            if line.evidence and "granted" in line.evidence:
                to_come.pop(0)
                yield from self.grant(line.evidence["granted"])
            elif line.event is not None:
                yield from self.idle(to_come)
                self.take(line.event, line.now)

    # -- what happens --------------------------------------------------------------------------

    def take(self, event: ev.Event, now: float) -> None:
        if isinstance(event, ev.Collected):
            self.items = self.items or event.items
            self.capacity = self.capacity or event.capacity
        elif isinstance(event, ev.WorkerLeft):
            # One that left tests undone counts as busy still, which nobody can see here.
            if event.worker in self.held:  # it computes nothing any more
                self.held[event.worker] = {**self.held[event.worker], "cpus": 0}
        elif isinstance(event, (ev.WorkerEnded, ev.SpareEnded)):
            self.end(event.worker, now)  # of a spare: it was adopted meanwhile
        elif isinstance(event, ev.CardsSeen):
            self.see_cards(event, now)

    def end(self, worker: int, now: float) -> None:
        self.busy.discard(worker)
        grant = self.held.pop(worker, None)
        if grant and grant["cards"]:
            self.gone[worker] = now
            self.held[worker] = {
                **grant, "cpus": 0, "ram": 0, "exclusive": (), "shared": (),
            }  # fmt: skip

    def see_cards(self, event: ev.CardsSeen, now: float) -> None:
        policy, grace = self.heading.get("gpu_release", ("warn", 60.0))
        late = event.worker in self.gone and now - self.gone[event.worker] >= grace
        if not event.holders or (late and policy != "wait"):
            self.held.pop(event.worker, None)

    # -- what was granted ----------------------------------------------------------------------

    def grant(self, grant: Grant) -> Iterator[str]:
        worker = grant["worker"]
        yield from self.less_than_needed(grant)
        if self.held:
            short = self.shortage(grant, list(self.held.values()))
            yield from (
                f"worker {worker} was granted {name}, which there was not" for name in short
            )
        self.held[worker] = grant
        self.busy.add(worker)
        self.begun.add(grant["group"])

    def less_than_needed(self, grant: Grant) -> Iterator[str]:
        whole = len(grant["cards"]) == len(self.capacity.cards)
        for number in grant["items"]:
            needs = self.items[number].needs
            locks = {*grant["exclusive"], *grant["shared"]}
            memory = [
                given or self.capacity.cards[card].memory
                for card, given in zip(grant["cards"], grant["card_memory"], strict=True)
            ]
            if (
                grant["cpus"] < needs.cpus
                or grant["ram"] < needs.ram
                or not {*needs.exclusive} <= {*grant["exclusive"]}
                or not {*needs.shared} <= locks
                or (len(memory) < needs.gpus and not whole)
                or (any(size < needs.gpu_memory for size in memory if needs.gpus) and not whole)
            ):
                yield f"worker {grant['worker']} was granted less than item {number} needs"

    def shortage(self, grant: Grant, others: Sequence[Grant]) -> set[str]:
        """Return what there is not enough of for one more grant."""
        short = set()
        for name, there in (("cpus", self.capacity.cpus), ("ram", self.capacity.ram)):
            total = grant[name] + sum(other[name] for other in others)
            if there and grant[name] and total > max(there, self.least(name)):
                short.add(name)
        for other in others:
            clash = {*grant["exclusive"]} & {*other["exclusive"], *other["shared"]}
            clash |= {*grant["shared"]} & {*other["exclusive"]}
            short |= {f"lock {name}" for name in clash}
        if any(self.overfull(card, size, others) for card, size in _parts(grant)):
            short.add("gpus")
        return short

    def least(self, name: str) -> float:
        """Return what there is at least: a CPU for each worker that may be wanted."""
        return self.heading["workers"] if name == "cpus" else 0

    def overfull(self, card: int, size: float, others: Sequence[Grant]) -> bool:
        there = self.capacity.cards[card]
        taken = [part for other in others for number, part in _parts(other) if number == card]
        if not taken:
            return False
        return there.alone or 0 in (size, *taken) or size + sum(taken) > there.memory

    # -- who waits -----------------------------------------------------------------------------

    def idle(self, to_come: Sequence[Grant]) -> Iterator[str]:
        """Yield the group that could have started before the event that comes now.

        Of a group that has begun, nobody can see here whether its next share waits, or its last
        worker has died since; but it may be what others have to wait for.
        """
        if not self.whole or self.heading["workers"] < 2 or not self.capacity:
            return
        if len(self.busy) >= self.heading["workers"]:
            return
        waiting = [grant for grant in to_come if self.lacks(grant)]
        begun = set(self.begun)
        for grant in to_come:
            excused = grant in waiting or any(self.lacks(grant, one) for one in waiting)
            if not excused and grant["group"] not in begun:
                yield f"{grant['group']} waits, and a slot is idle"
            begun.add(grant["group"])

    def lacks(self, grant: Grant, *ahead: Grant) -> bool:
        """Return whether there is not enough for it and who is ahead of it, on whichever GPUs."""
        others = [*self.held.values(), *ahead]
        if not others:
            return False
        if any(len(self.suitable(one)) < len(one["cards"]) for one in (grant, *ahead)):
            return True  # its tests together want what there is not: it runs alone
        size = max(grant["card_memory"], default=0)
        free = [card for card in self.suitable(grant) if not self.overfull(card, size, others)]
        short = self.shortage({**grant, "cards": (), "card_memory": ()}, others)
        return bool(short) or len(free) < len(grant["cards"])

    def suitable(self, grant: Grant) -> list[int]:
        """Return the GPUs that are as each test of a group wants them."""
        needs = [self.items[number].needs for number in grant["items"]]
        return [
            number
            for number, card in enumerate(self.capacity.cards)
            if all(
                one.gpu_memory <= card.memory
                and SpecifierSet(one.capability).contains(card.capability)
                for one in needs
            )
        ]


def _parts(grant: Grant) -> Iterator[tuple[int, float]]:
    yield from zip(grant["cards"], grant["card_memory"], strict=True)

"""Who serves which group, and who is given which share next.

Invariants:

- A group that is not divisible has one worker at a time, from its start until it has left.
- With one worker at once, shares are given out in the pool's order without exception: plain
  pytest's order outweighs a moment of idleness.
- The item that `then` promises is the next one that the worker is given: its fixtures stand.
  Unless the worker has to go because it holds what another group waits for.
- The first share that waits for something (`capacity`), and whose group nobody serves, is not
  passed over for ever: what it needs and is there is set aside for it, and nobody is given any
  more of what it lacks, nor goes on with that once a share is done.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

from pytest_bulkhead.core.actions import END, OPEN, Doomed, StartWorker
from pytest_bulkhead.core.item import Item
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.resources.capacity import Capacity, Grants
from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.core.run.attempts import Attempt
from pytest_bulkhead.core.run.pool import Pool
from pytest_bulkhead.core.run.seeds import derive_seed
from pytest_bulkhead.core.run.worker import Stage, Worker
from pytest_bulkhead.core.schedule.grouping import Group, Share, cut_cells, form_groups, form_shares
from pytest_bulkhead.core.schedule.scheduling import order_shares

#: Deaths in a row of a group's workers, no test of it being finished in between, after which the
#: group is given up. One may be bad luck.
STILLBORN_BUDGET = 2


class Roster:
    """The live workers, and the shares that wait for them."""

    def __init__(self) -> None:
        self.groups: Sequence[Group] = ()
        self._items: Sequence[Item] = ()
        self.pool = Pool()
        #: All and only the workers whose processes may still be alive.
        self.workers: dict[int, Worker] = {}
        self.grants = Grants()
        #: From which processes get the seeds of their random streams; negative for none: one
        #: process for all tests is plain pytest's own case, and nothing is to be kept apart.
        self.seed = -1
        #: The groups that were given up.
        self._abandoned: set[int] = set()
        self._hired = 0
        self._shares = False
        #: Workers that died before their tests had run.
        self._lost = 0
        self._stillborn: dict[int, int] = {}

    def plan(
        self,
        items: Sequence[Item],
        policy: Policy,
        capacity: Capacity | None = None,
        *,
        staged: bool = False,
    ) -> None:
        """Take the work: once, after the first collection.

        Args:
            items: all of them.
            policy: what the user asked for.
            capacity: what there is for them; None where they need nothing.
            staged: processes can be forked, so that wide fixtures are set up once for many tests.
        """
        self.grants = Grants(capacity and capacity.for_workers(policy.workers))
        self._items, self._shares = items, policy.shares_models
        self.groups = form_groups(
            items, policy.level, policy.workers, staged=staged and policy.stage
        )
        several = len(self.groups) > 1 or any(g.divisible or g.staged for g in self.groups)
        self.seed = policy.seed if several else -1
        shares = form_shares(self.groups, items, policy.workers)
        self.pool = Pool(order_shares(shares, items, policy.durations, policy.workers))

    @property
    def busy(self) -> int:
        """How many workers count against the number of tests that may run at once."""
        return sum(worker.busy for worker in self.workers.values())

    @property
    def provided(self) -> bool:
        """Whether nobody will want a decision soon: each has a test behind the one in hand."""
        return all(len(worker.todo) > 1 for worker in self.workers.values())

    def listeners(self, besides: Worker | None) -> list[Worker]:
        """Return the workers, besides one that is gone, that may still set a fixture up."""
        stages = (Stage.STARTING, Stage.RUNNING, Stage.PARKED)
        return [w for w in self.workers.values() if w is not besides and w.stage in stages]

    def next_share(self, capacity: int, can_start: bool) -> Share | None:
        """Return the share to give out now, None for none.

        Args:
            capacity: how many workers may be busy.
            can_start: whether a worker may be started.
        """
        if self.busy >= capacity:
            return None
        ready = self._ready(capacity, can_start)
        if not self.grants.scarce:
            return next(ready, None)
        awaited, is_set = frozenset[str](), False
        known: dict[Needs, frozenset[str]] = {}
        with self.grants.setting_aside() as set_aside:
            for share in ready:
                needs = self.groups[share.group].needs
                short = self._shortage(share, known)
                if not (short or awaited & needs.takes()):
                    return share
                if short and not is_set and not self._is_served(share.group):
                    awaited = short - {"gpus"}  # those that would do are set aside one by one
                    set_aside(needs, short)
                    known.clear()
                    is_set = True
                if "cpus" in awaited:  # of which everybody takes some
                    break
        return None

    def _ready(self, capacity: int, can_start: bool) -> Iterator[Share]:
        """Yield the shares that could be given out if there were enough of everything."""
        shares = itertools.islice(self.pool, 1 if capacity == 1 else None)
        return (share for share in shares if self._is_ready(share.group, can_start))

    def _is_ready(self, group: int, can_start: bool) -> bool:
        if self.parked(group) is not None:
            return True
        return can_start and (self.groups[group].divisible or not self._is_served(group))

    def _shortage(self, share: Share, known: dict[Needs, frozenset[str]]) -> frozenset[str]:
        """Return what there is not enough of to give out a share; a parked worker has it all.

        Args:
            share: the share.
            known: what was found for others while the same was held. Thousands may need the same.
        """
        if self.parked(share.group) is not None:
            return frozenset()
        needs = self.groups[share.group].needs
        found = known.get(needs)
        if found is None:
            found = known[needs] = self.grants.shortage(needs)
        return found

    def _is_served(self, group: int) -> bool:
        return any(worker.group == group and worker.serving for worker in self.workers.values())

    def parked(self, group: int) -> Worker | None:
        """Return a worker of a group that waits for a share, None for none."""
        for worker in self.workers.values():
            if worker.group == group and worker.stage is Stage.PARKED and not worker.killed_for:
                return worker
        return None

    def next_idle(self, capacity: int, hurry: bool) -> Worker | None:
        """Return a worker to let go because its group has no share left; None for none.

        Its session's fixtures are torn down then, so it counts as busy, and waits for its turn.
        One whose group has some left goes too when it holds what the next share cannot do without.

        Args:
            capacity: how many workers may be busy.
            hurry: its turn is now.
        """
        if self.busy >= capacity and not hurry:
            return None
        for worker in self.workers.values():
            if worker.stage is Stage.PARKED and self.pool.peek(worker.group) is None:
                return worker
        return self._in_the_way(capacity)

    def _in_the_way(self, capacity: int) -> Worker | None:
        """Return a parked worker that holds what another group waits for; None for none."""
        parked = (worker for worker in self.workers.values() if worker.stage is Stage.PARKED)
        return next((w for w in parked if self._is_awaited(w, capacity)), None)

    def _is_awaited(self, worker: Worker, capacity: int) -> bool:
        """Whether what a worker holds is reserved for the first share that has to wait."""
        if not self.grants.scarce:
            return False
        known: dict[Needs, frozenset[str]] = {}
        for share in self._ready(capacity, can_start=True):
            if share.group == worker.group:
                return False
            short = self._shortage(share, known)
            if short and not self._is_served(share.group):
                return bool(short & self.groups[worker.group].needs.takes())
        return False

    def next_number(self) -> int:
        """Return the number of the next process."""
        self._hired += 1
        return self._hired

    def expected_starts(self, limit: int) -> int:
        """Return how many processes will have to be started yet, counted up to a limit.

        For each group that waits and has none; and one for the next death, once there was one.
        """
        served = {worker.group for worker in self.workers.values() if worker.serving}
        waiting = (group for group in self.pool.groups() if group not in served)
        number = len(list(itertools.islice(waiting, limit)))
        deadly = self._lost and any(len(worker.todo) > 1 for worker in self.workers.values())
        return min(limit, number + bool(deadly))

    def group_of(self, item: int) -> int:
        """Return the group of an item."""
        return next(group.id for group in self.groups if item in group.items)

    def hire(
        self, group: int, forked: bool, spare: int = 0, attempt: Attempt | None = None
    ) -> Worker:
        """Return a new worker for a group, in the lowest slot that is free.

        A worker that has left does nothing any more but exit, so its slot is free: databases and
        ports by worker id stay within the number of workers.

        Args:
            group: whose tests it serves.
            forked: it is forked from the template.
            spare: the number of the spare that it was, 0 for none.
            attempt: what it is to run instead of a share; all of that in its own process.
        """
        present = (w for w in self.workers.values() if w.stage is not Stage.LEFT)
        taken = {worker.slot for worker in present}
        slot = next(number for number in itertools.count() if number not in taken)
        number = spare or self.next_number()
        staged = self.groups[group].staged and forked and attempt is None
        waits = forked and self._shares
        worker = Worker(number, slot, group, forked, staged, waits, adopted=bool(spare))
        worker.attempt = attempt
        self.workers[worker.id] = worker
        self.grants.hold(worker.id, self.groups[group].needs)
        return worker

    def start_of(self, worker: Worker, doomed: tuple[Doomed, ...]) -> StartWorker:
        """Return the order to start a worker that was hired."""
        cells = self.groups[worker.group].scope if worker.staged else ""
        return StartWorker(
            worker.id, worker.slot, worker.group, worker.forked, doomed, self.seed_of(worker),
            cells, worker.adopted, self.grants.of(worker.id),
        )  # fmt: skip

    def seed_of(self, worker: Worker) -> int:
        """Return the seed of a worker's random streams, negative for leaving them alone."""
        if self.seed < 0:
            return -1
        group = self.groups[worker.group]
        if worker.staged:
            return self.seed  # each of its processes derives its own
        return derive_seed(self.seed, group.name, str(worker.slot) if group.divisible else "")

    def cells_of(self, share: Share) -> tuple[int, ...]:
        """Return how many items of a share each of its processes runs; empty for one process."""
        if not self.groups[share.group].staged:
            return ()
        return cut_cells(share.items, self._items, self.groups[share.group].scope)

    def give(self, worker: Worker, share: Share) -> int:
        """Move a share from the pool to a worker; return what will follow it in that process."""
        self.pool.take(share)
        follower = self.pool.peek(share.group)
        worker.give(share.items, last=follower is None)
        if follower is None:
            return END
        return OPEN if self.groups[share.group].divisible else follower.items[0]

    def follower(self, worker: Worker, capacity: int) -> Share | None:
        """Return the share to send ahead to a worker, so that it need not wait for us.

        The last ones are given out one by one: else a worker could stand idle while another has
        two of them.
        """
        if not worker.can_go_on or len(worker.queue) != 1 or len(self.pool) <= capacity:
            return None
        if self._is_awaited(worker, capacity):
            return None
        return self.pool.peek(worker.group) if self.groups[worker.group].divisible else None

    def finished_test(self, group: int) -> None:
        """Note that a group gets on."""
        self._stillborn.pop(group, None)

    def bury(self, worker: Worker, stillborn: bool, stopping: bool) -> bool:
        """Remove a worker; what it had not run waits again, unless its group is given up.

        Returns:
            Whether it held GPUs: nobody has seen yet that they are free.
        """
        del self.workers[worker.id]
        group, rest = worker.group, tuple(worker.todo)
        worker.todo.clear()
        self._lost += bool(rest)
        if stillborn:
            self._stillborn[group] = self._stillborn.get(group, 0) + 1
        if self._stillborn.get(group, 0) >= STILLBORN_BUDGET:
            self.pool.drop(group)
            self._abandoned.add(group)
        elif rest and not stopping:
            self.pool.put_back(group, rest)
        return self.grants.leave(worker.id)

    def requeue(self, item: int) -> None:
        """Let an item that has been run wait again."""
        self.pool.put_behind(self.group_of(item), (item,))

    @property
    def active(self) -> int:
        """How many workers are busy, less those that leave: one may do so unasked."""
        return sum(w.busy and w.stage is not Stage.LEAVING for w in self.workers.values())

    def waiting(self) -> list[int]:
        """Return all items that wait, in shares and with workers; not those run once more."""
        shares = [item for share in self.pool for item in share.items]
        serving = [worker for worker in self.workers.values() if worker.attempt is None]
        return shares + [item for worker in serving for item in worker.todo]

    def due(self) -> set[int]:
        """Return all items of groups that were not given up."""
        groups = [group for group in self.groups if group.id not in self._abandoned]
        return {item for group in groups for item in group.items}

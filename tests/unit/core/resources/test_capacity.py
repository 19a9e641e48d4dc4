"""Specification of `core.resources.capacity`. What holds in every world is in tests/model."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.resources.capacity import (
    NOTHING,
    Capacity,
    Card,
    Grant,
    Grants,
    read_capacity,
)
from pytest_bulkhead.core.resources.needs import Needs

GB = 10**9
SMALL, LARGE = Card("0", "GPU-a", 24 * GB, "8.6"), Card("1", "GPU-b", 80 * GB, "9.0")
MACHINE = Capacity(4, 16 * GB, (SMALL, LARGE))


def grants_after(*held, machine=MACHINE):
    """Return grants of which workers 1, 2, ... hold these needs."""
    grants = Grants(machine)
    for worker, needs in enumerate(held, 1):
        grants.hold(worker, needs)
    return grants


@pytest.mark.parametrize(
    ("held", "wanted", "short"),
    [
        (Needs(), Needs(3), set()),
        (Needs(2), Needs(3), {"cpus"}),
        (Needs(ram=9 * GB), Needs(ram=8 * GB), {"ram"}),
        (Needs(ram=99 * GB), Needs(), set()),
        (Needs(shared=("db",)), Needs(shared=("db",)), set()),
        (Needs(shared=("db",)), Needs(exclusive=("db",)), {"lock db"}),
        (Needs(exclusive=("db",)), Needs(shared=("db",)), {"lock db"}),
        (Needs(exclusive=("db",)), Needs(exclusive=("port",)), set()),
        (Needs(gpus=1), Needs(gpus=1), set()),
        (Needs(gpus=1), Needs(gpus=2), {"gpus"}),
        (Needs(gpus=1), Needs(gpus=1, capability="<9.0"), {"gpus"}),
        (Needs(gpus=1, gpu_memory=20 * GB), Needs(gpus=2, gpu_memory=4 * GB), set()),
        (Needs(gpus=1, gpu_memory=20 * GB), Needs(gpus=2, gpu_memory=5 * GB), {"gpus"}),
        (Needs(gpus=1, gpu_memory_total=50 * GB), Needs(gpus=1, gpu_memory=1 * GB), {"gpus"}),
        (Needs(gpus=2), Needs(2, 8 * GB, exclusive=("db",)), set()),
    ],
)
def test_what_is_held_is_not_there_for_others(held, wanted, short):
    """Locks, CPUs, memory, and of GPUs the memory, or all of them."""
    assert grants_after(held).shortage(wanted) == short


def test_thousands_of_locks_are_compared_once_each():
    """A process that takes a lock for each of its tests must not make every decision slow."""
    asked = 0

    class Lock(str):
        def __eq__(self, other):
            nonlocal asked
            asked += 1
            return str(self) == str(other)

        __hash__ = str.__hash__

    held, wanted = (tuple(Lock(f"{who}{n}") for n in range(500)) for who in ("one", "other"))

    assert grants_after(Needs(exclusive=held)).shortage(Needs(exclusive=wanted)) == set()
    assert asked <= 1000


def test_who_is_alone_has_what_there_is():
    """More is wanted by several tests together than there is: it is run, not waited for."""
    grants = grants_after()
    wanted = Needs(99, 99 * GB, 2, capability=">=9.0")

    assert grants_after(Needs(gpus=1)).shortage(Needs(gpus=2, capability=">=9.0")) == {"cpus"}
    assert grants.shortage(wanted) == set()
    assert grants.hold(1, wanted).cards == (0, 1)
    assert grants.shortage(Needs()) == {"cpus"}


def test_the_first_gpu_that_will_do():
    """Parts of a GPU, then the next one; what takes a whole one finds one that is free."""
    grants = grants_after(Needs(gpus=1, gpu_memory=20 * GB), Needs(gpus=1, gpu_memory=20 * GB))

    assert [grants.of(1).cards, grants.of(2).cards] == [(0,), (1,)]
    assert grants.hold(3, Needs(gpus=1, gpu_memory=4 * GB)) == Grant(1, 0, (0,), (4 * GB,))
    assert grants.shortage(Needs(gpus=1)) == {"gpus"}


@pytest.mark.parametrize("card", [Card("0", "GPU-a", 24 * GB, "8.6", True), Card("0", "")])
def test_a_gpu_that_cannot_be_shared_is_held_whole(card):
    """In exclusive mode, or of a size that nobody knows."""
    grants = grants_after(Needs(gpus=1, gpu_memory=1 * GB), machine=Capacity(4, 0, (card,)))

    assert grants.of(1).card_memory == (0,)
    assert grants.shortage(Needs(gpus=1, gpu_memory=1 * GB)) == {"gpus"}


def test_as_many_gpus_as_have_the_memory_together():
    """Memory in all is asked of several, and of each all that it has."""
    grant = grants_after(Needs(gpus=1, gpu_memory_total=100 * GB)).of(1)

    assert (grant.cards, grant.card_memory) == ((0, 1), (0, 0))


def test_what_nobody_lists_is_not_counted():
    """An accelerator that is none of CUDA's: there is nothing to give out, and nobody waits."""
    grants = grants_after(Needs(gpus=1), machine=Capacity(4, 0))

    assert (grants.of(1).cards, grants.shortage(Needs(gpus=1))) == ((), set())


def test_memory_that_nobody_knows_is_not_counted():
    """A limit that is not known holds nobody back."""
    machine = Capacity(4, 0)

    assert grants_after(Needs(ram=9 * GB), machine=machine).shortage(Needs(ram=9 * GB)) == set()


def test_a_cpu_for_each_worker():
    """Who asks for more workers than there are CPUs has them."""
    assert MACHINE.for_workers(9).cpus == 9
    assert MACHINE.for_workers(2).cpus == 4


def test_what_comes_back_when():
    """CPUs when a worker has left, GPUs when they were seen free, all else at its end."""
    grants = grants_after(Needs(4, 9 * GB, 1, exclusive=("db",)))
    grants.rest(1)
    assert grants.shortage(Needs(4, 8 * GB, 2, exclusive=("db",))) == {"ram", "gpus", "lock db"}
    assert grants.leave(1) is True
    assert grants.shortage(Needs(4, 16 * GB, 2, exclusive=("db",))) == {"gpus"}
    grants.returned(1)
    assert grants.held == {}


def test_nothing_is_noted_where_nothing_is_scarce():
    """In a run whose tests need nothing, all can be had."""
    grants = Grants()

    assert (grants.scarce, grants.hold(1, Needs(99)), grants.held) == (False, NOTHING, {})
    assert grants.shortage(Needs(99)) == set()
    assert grants.leave(1) is False


def test_what_is_set_aside_is_held_for_that_long():
    """What there is of somebody's needs; what there is not, nobody can hold."""
    grants = grants_after(Needs(3, 10 * GB, shared=("db",)))
    wanted = Needs(2, 4 * GB, 1, exclusive=("db", "port"))
    with grants.setting_aside() as set_aside:
        set_aside(wanted, grants.shortage(wanted))
        assert grants.shortage(Needs(1, 3 * GB, 2, shared=("db", "port"))) == {
            "ram", "gpus", "lock port",
        }  # fmt: skip
    assert grants.shortage(Needs(1, 3 * GB, 2, shared=("db", "port"))) == set()


def test_a_capacity_comes_back_as_it_went():
    """As JSON has it: lists."""
    assert read_capacity([4, 16 * GB, [list(SMALL), list(LARGE)], False]) == MACHINE
    assert read_capacity([]) is None

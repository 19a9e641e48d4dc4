"""Specification of `core.resources.needs`."""

from __future__ import annotations

from pytest_bulkhead.core.resources.needs import NOTHING, Needs, join_needs, read_needs
from pytest_bulkhead.core.resources.sizes import parse_size


def test_who_asks_for_nothing_takes_a_cpu():
    """Every process computes."""
    assert NOTHING.takes() == {"cpus"}
    assert NOTHING.text == ""


def test_what_is_taken_has_names():
    """A lock is one resource, however it is held."""
    needs = Needs(2, parse_size("48GB"), 1, exclusive=("db",), shared=("port",))

    assert needs.takes() == {"cpus", "ram", "gpus", "lock db", "lock port"}
    assert needs.text == "gpu 1, ram 48GB, cpus 2, exclusive db, shared port"


def test_of_many_locks_some_are_named():
    """A process may take a lock for each of its tests: people want to know that, not all of them."""
    locks = tuple(f"db{number}" for number in range(1_000))

    assert Needs(exclusive=locks[:4]).text == ", ".join(f"exclusive {one}" for one in locks[:4])
    assert Needs(exclusive=locks).text == (
        "exclusive db0, exclusive db1, exclusive db2, exclusive db3, and 996 locks more"
    )


def test_a_process_takes_the_most_that_any_of_its_tests_takes():
    """Of amounts the largest, of locks all; who locks and shares the same, locks it."""
    one = Needs(2, 5e9, 1, 8e9, exclusive=("db",), shared=("port",))
    other = Needs(1, 9e9, 2, 4e9, capability=">=8.0", shared=("db",))

    assert join_needs([one, other, NOTHING]) == Needs(
        2, 9e9, 2, 8e9, capability=">=8.0", exclusive=("db",), shared=("port",)
    )
    assert join_needs([]) == NOTHING


def test_a_whole_gpu_is_more_than_a_part_of_one():
    """Where one test takes all that a GPU has, its process does."""
    assert join_needs([Needs(gpus=1), Needs(gpus=1, gpu_memory=8e9)]).gpu_memory == 0


def test_ranges_of_capabilities_meet():
    """A GPU has to be as both want it."""
    joined = join_needs([Needs(gpus=1, capability=">=8.0"), Needs(gpus=1, capability="<9.0")])

    assert joined.capability == "<9.0,>=8.0"


def test_needs_come_back_as_they_went():
    """As JSON has them: a list, in which names are lists."""
    needs = Needs(2, 5e9, exclusive=("db",), shared=("port",))

    assert read_needs([*needs[:6], ["db"], ["port"]]) == needs
    assert read_needs([]) == NOTHING

"""Specification of `core.schedule.grouping`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import dataclasses
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.item import Item, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.resources.needs import NOTHING, Needs
from pytest_bulkhead.core.schedule.grouping import cut_cells, form_groups, form_shares

from ..suites import items


def groups_of(text, level, workers=1, **groups):
    return form_groups(items(text, **groups), level, workers)


def members(text, level, workers=1, **groups):
    return [group.items for group in groups_of(text, level, workers, **groups)]


def shares_of(text, level, workers=1, **groups):
    suite = items(text, **groups)
    shares = form_shares(form_groups(suite, level, workers), suite, workers)
    return [(share.group, share.items) for share in shares]


@pytest.mark.parametrize(
    ("level", "expected"),
    [
        (Level.SESSION, [(0, 1, 2, 3, 4)]),
        (Level.PACKAGE, [(0, 1, 2, 3), (4,)]),
        (Level.MODULE, [(0, 1, 2), (3,), (4,)]),
        (Level.CLASS, [(0, 1), (2,), (3,), (4,)]),
        (Level.FUNCTION, [(0,), (1,), (2,), (3,), (4,)]),
    ],
)
def test_a_level_is_a_scope(level, expected):
    """The tests of one instance of the level's scope share a process."""
    assert expected == members("a1.C a1.C a1 a2 b", level)


def test_a_mark_tightens():
    """A test with a tighter level leaves the group of the others."""
    assert [(0, 2), (1,)] == members("a a! a", Level.SESSION)


def test_a_function_outside_classes_is_alone_at_class_level():
    """At class level a test function shares its process with nobody."""
    assert [(0,), (1,), (2, 3)] == members("a a a.C a.C", Level.CLASS)


def test_a_named_group_tightens_within_its_scope():
    """Tests of a named group share a process, but never across the level's scope."""
    assert [(0, 3), (1, 2)] == members("a b b a", Level.SESSION, b="x")
    assert [(0, 3), (1, 2)] == members("a b b a", Level.MODULE, a="x", b="x")
    assert [(0, 1, 2)] == members("a b a", Level.SESSION, a="x", b="x")


def test_names_are_for_people():
    """A group is named by its instance, and by its mark's name when it has one."""
    assert ["a (group x)", "a", "b::t2"] == [
        *(group.name for group in groups_of("a a", Level.MODULE, a="x")),
        *(group.name for group in groups_of("a", Level.MODULE)),
        groups_of("a a b!", Level.MODULE)[1].name,
    ]
    assert ["session"] == [group.name for group in groups_of("a b", Level.SESSION)]
    assert ["a::C"] == [group.name for group in groups_of("a.C", Level.CLASS)]


def test_numbers_are_positions():
    """A group's id is its place in the list."""
    assert [0, 1, 2] == [group.id for group in groups_of("a b c", Level.MODULE)]


@pytest.mark.parametrize(
    ("divisible", "level", "workers", "named"),
    [
        (True, Level.SESSION, 2, {}),
        (False, Level.SESSION, 1, {}),
        (False, Level.PACKAGE, 2, {}),
        (False, Level.SESSION, 2, {"a": "x"}),
    ],
)
def test_only_the_session_is_divisible(divisible, level, workers, named):
    """Several workers may serve one group only when it is the whole session under `-n`."""
    assert [divisible] == [group.divisible for group in groups_of("a a", level, workers, **named)]


def test_one_worker_gets_plain_order():
    """With one worker a group is cut wherever plain order leaves it."""
    assert [(0, (0, 1)), (1, (2,)), (0, (3,))] == shares_of("a a b! a", Level.SESSION)


def test_several_workers_get_whole_groups():
    """With several workers an indivisible group is one share."""
    assert [(0, (0, 1, 3)), (1, (2,))] == shares_of("a a b a", Level.MODULE, 2)


def test_the_session_is_cut_by_module():
    """A divisible group is cut where the module changes."""
    assert [(0, (0, 1)), (0, (2, 3))] == shares_of("a a b b", Level.SESSION, 2)


def test_a_large_module_is_cut():
    """A module that alone is more than a worker's fair part is cut into quarters of that."""
    shares = shares_of("a " * 16 + "b b", Level.SESSION, 2)

    assert [2] * 9 == [len(share) for _group, share in shares]


def test_nothing_gives_nothing():
    """Without items there is no group and no share."""
    assert (
        [] == form_groups([], Level.MODULE, 1) == form_shares([], [], 1) == form_shares([], [], 4)
    )


SUITES = st.lists(
    st.builds(
        lambda scopes, level, group: Item(0, "", scopes, level, group),
        st.builds(Scopes, *(st.sampled_from("xy"),) * 3),
        st.sampled_from(Level),
        st.sampled_from([None, "g"]),
    ),
    max_size=12,
).map(lambda found: [Item(n, str(n), i.scopes, i.level, i.group) for n, i in enumerate(found)])


@given(SUITES, st.sampled_from(Level), st.integers(1, 5))
def test_every_item_is_in_one_group_and_one_share(suite, level, workers):
    """Groups partition the items, in order, and shares partition each group."""
    groups = form_groups(suite, level, workers)
    shares = form_shares(groups, suite, workers)
    everything = list(range(len(suite)))

    assert everything == sorted(itertools.chain.from_iterable(g.items for g in groups))
    assert everything == sorted(itertools.chain.from_iterable(s.items for s in shares))
    assert all(set(share.items) <= set(groups[share.group].items) for share in shares)
    assert all(list(part.items) == sorted(part.items) for part in [*groups, *shares])


# -- staged groups -----------------------------------------------------------------------------


def test_all_tests_that_are_alone_are_one_staged_group():
    """One worker serves them, and forks; what is wider keeps a group of its own."""
    suite = items("a a! b b!")
    found = form_groups(suite, Level.MODULE, 1, staged=True)
    assert [(0,), (1, 3), (2,)] == [group.items for group in found]
    assert [("module", False), ("function", True), ("module", False)] == [
        (group.scope, group.staged) for group in found
    ]


@pytest.mark.parametrize(("workers", "divisible"), [(1, False), (2, True)])
def test_a_staged_group_is_divisible_under_n(workers, divisible):
    """As the session is: each worker sets up what its own tests need."""
    [group] = form_groups(items("a b"), Level.CLASS, workers, staged=True)
    assert divisible is group.divisible


def test_tests_of_a_lock_are_given_to_one_worker_together():
    """Two that exclude each other would else take turns by share, each setting the session up anew."""
    needs = {"a": Needs(exclusive=("db",)), "b": Needs(cpus=2)}
    suite = [dataclasses.replace(one, needs=needs[one.nodeid[0]]) for one in items("a a b b")]
    groups = form_groups(suite, Level.SESSION, 2)

    assert [group.divisible for group in groups] == [False, True]
    assert (0, (0, 1)) in [(share.group, share.items) for share in form_shares(groups, suite, 8)]


def test_cells_at_function_level_are_tests():
    """Each has a process."""
    assert (1, 1, 1) == cut_cells((0, 1, 2), items("a.A a.A a"), "function")


def test_cells_at_class_level_are_runs_of_a_class():
    """A class that another one interrupts has two; a named group has its own."""
    suite = items("a.A a.A a.B a.A a a")
    assert (2, 1, 1, 1, 1) == cut_cells(range(6), suite, "class")
    assert (1, 1) == cut_cells((0, 3), suite, "class")


# -- what tests need ------------------------------------------------------------------------------


def needy(text, level, workers, needs, *, staged=False):
    """Return [(items, needs)] of the groups of a suite in which some tests need something."""
    suite = items(text)
    suite = [dataclasses.replace(one, needs=needs.get(one.index, NOTHING)) for one in suite]
    groups = form_groups(suite, level, workers, staged=staged)
    return [(group.items, group.needs) for group in groups]


GPU, DB = Needs(gpus=1), Needs(exclusive=("db",))


def test_each_of_several_modules_of_a_gpu_is_apart():
    """At session level, with one worker too; one alone runs as it would."""
    assert needy("a b b c", Level.SESSION, 1, {1: GPU, 3: GPU}) == [
        ((0,), NOTHING), ((1, 2), GPU), ((3,), GPU),
    ]  # fmt: skip
    assert needy("a b b", Level.SESSION, 1, {1: GPU}) == [((0, 1, 2), GPU)]


def test_with_several_workers_modules_that_need_something_are_apart():
    """With one they are not: nobody is there to be waited for."""
    assert needy("a b b c", Level.SESSION, 2, {1: DB, 3: DB}) == [((0,), NOTHING), ((1, 2, 3), DB)]
    assert needy("a b b c", Level.SESSION, 1, {1: DB, 3: DB}) == [((0, 1, 2, 3), DB)]


def test_what_a_level_keeps_together_takes_what_any_of_it_needs():
    """A module, and a named group."""
    assert needy("a a b", Level.MODULE, 2, {1: DB}) == [((0, 1), DB), ((2,), NOTHING)]
    assert needy("a.C a.C a", Level.CLASS, 2, {1: DB}, staged=True) == [
        ((0, 1), DB), ((2,), NOTHING),
    ]  # fmt: skip


def test_what_takes_a_gpu_is_not_staged():
    """Each such test, and each class that has one, is a group by itself."""
    assert needy("a a a", Level.FUNCTION, 1, {0: GPU, 2: GPU}, staged=True) == [
        ((0,), GPU), ((1,), NOTHING), ((2,), GPU),
    ]  # fmt: skip
    assert needy("a.C a.C a", Level.CLASS, 1, {1: GPU}, staged=True) == [
        ((0, 1), GPU), ((2,), NOTHING),
    ]  # fmt: skip

"""Specification of `core.doctor.imports`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.doctor.imports import (
    MANY,
    Bill,
    Meter,
    Occasion,
    Paid,
    merge,
    read_imported,
)
from pytest_bulkhead.core.item import Phase

MB = 2**20
COLLECTION = Occasion(Phase.COLLECTING, "t.py")
CALL = Occasion(Phase.CALL, "t.py::a")


def paid(package="numpy", own=1.0, total=2.0, grown=20 * MB, place="t.py:1", times=1):
    return Paid(package, own, total, grown, place, times)


def metered(*steps):
    """Return what each end paid; a step is (package, now, MB), or (how many are around, now, MB)."""
    meter, ends = Meter(), []
    for what, now, resident in steps:
        if isinstance(what, str):
            meter.begin(what, now, resident * MB)
        else:
            ends.append(meter.end(what, now, resident * MB))
    return ends


def test_what_is_own_adds_up_to_all_that_passed():
    """Of three packages, each imported by the one before, each pays what it left to none."""
    steps = [("a", 0, 0), ("b", 1, 10), ("c", 3, 30), (2, 6, 60), (1, 10, 100), (0, 15, 150)]

    assert [
        Paid("c", 3, 3, 30 * MB),
        Paid("b", 6, 9, 60 * MB),
        Paid("a", 6, 15, 60 * MB),
    ] == metered(*steps)


def test_a_package_within_itself_is_not_counted_twice():
    """By way of another it has its own part of that, and a total only in all."""
    a_within, b, a = metered(("a", 0, 0), ("b", 1, 0), ("a", 2, 0), (2, 4, 0), (1, 5, 0), (0, 6, 0))

    assert (a_within.total, b.total, a.total) == (0, 4, 6)
    assert a_within.own + b.own + a.own == 6


def test_only_another_package_begins():
    """The modules of one package share its entry."""
    meter = Meter()

    assert meter.begins("a")
    meter.begin("a", 0, 0)
    assert (False, True) == (meter.begins("a"), meter.begins("b"))


def test_what_an_interrupt_kept_open_is_over():
    """An end names what it ends, and ends all within."""
    assert [Paid("a", 5, 5, 0)] == metered(("a", 0, 0), ("b", 1, 0), (0, 5, 0))


def test_one_sum_for_each_package_and_one_for_what_is_small():
    """In the order of their first; the first place that is known is kept."""
    small = paid("x", 0.0004, 1.0, 5, "x.py:1")
    found = merge([paid("a", place=""), small, paid("b"), paid("a", place="z.py:9"), small])

    assert [
        paid("a", 2.0, 4.0, 40 * MB, "z.py:9", 2),
        paid("b"),
        paid(MANY, 0.0008, 0.0, 10, "", 2),
    ] == found


@pytest.mark.parametrize(
    ("own", "megabytes", "heavy"),
    [(0.05, 0, True), (0, 10, True), (0.049, 9, False), (0.049, -50, False)],
)
def test_heavy(own, megabytes, heavy):
    """By seconds of its own or by memory."""
    assert heavy == paid(own=own, grown=megabytes * MB).is_heavy


def test_the_bill_sums_what_all_processes_paid():
    """A package that each of many tests imports a little of is heavy; its first occasion comes first."""
    bill = Bill()
    bill.add(COLLECTION, [paid("a"), paid(MANY, 0.01, 0.0, 1)])
    for number in range(10):
        bill.add(Occasion(Phase.CALL, str(number)), [paid("b", 0.01, 0.01, 0)])
    bill.add(CALL, [paid("a"), paid("light", 0.02, 9.0, 1)])
    a, b = bill.heavy()

    assert (a.paid.own, a.paid.times, a.occasions) == (2.0, 2, [COLLECTION, CALL])
    assert (b.paid.package, round(b.paid.own, 6), len(b.occasions)) == ("b", 0.1, 10)
    assert (round(bill.light().own, 6), bill.light().grown) == (0.03, 2)
    assert round(bill.sum().own, 6) == 2.13


def test_nothing_paid():
    """A bill can be empty."""
    assert ([], Paid(MANY, 0.0, 0.0, 0)) == (list(Bill().heavy()), Bill().sum())


def test_occasions_read_as_people_say():
    """With what was collected or run, where there was any; imports in tests are told apart."""
    assert ("collection of t.py", "start-up") == (str(COLLECTION), str(Occasion(Phase.STARTING)))
    assert (False, True) == (COLLECTION.in_test, CALL.in_test)


def test_what_is_told_is_read():
    """As it was; what cannot have been is refused."""
    rows = [list(paid("a")), list(paid("b", place=""))]
    assert (CALL, [paid("a"), paid("b", place="")]) == read_imported(3, "t.py::a", rows)

    for phase, row in ((99, rows[0]), (3, rows[0][:-1]), (3, ["a", "x", 0, 0, "", 0]), (3, 7)):
        with pytest.raises((ValueError, TypeError)):
            read_imported(phase, "", [row])

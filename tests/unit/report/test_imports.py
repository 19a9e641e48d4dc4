"""Specification of `report.imports`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

from pytest_bulkhead.core.doctor.imports import Bill, Occasion, Paid
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.report.imports import bill_lines

MB = 2**20


def bill_of(*rows):
    bill = Bill()
    for phase, subject, paid in rows:
        bill.add(Occasion(phase, subject), [paid])
    return bill


def test_a_row_for_each_heavy_package():
    """With its figures, the first line that led to it, and how often it was imported since."""
    bill = bill_of(
        (Phase.STARTING, "", Paid("torch", 1.0, 1.5, 210 * MB, "/root/conftest.py:3", 1)),
        (Phase.COLLECTING, "t.py", Paid("numpy", 0.25, 0.25, 31 * MB, "/v/site-packages/pandas/x.py:1", 1)),
        (Phase.CALL, "t.py::a", Paid("numpy", 0.25, 0.25, 31 * MB, "/root/t.py:7", 1)),
        (Phase.CALL, "t.py::b", Paid("tiny", 0.01, 0.01, 0, "/root/t.py:9", 1)),
    )  # fmt: skip

    assert [
        "  total s    own s       MB  first imported",
        "     1.50     1.00    210.0  torch: conftest.py:3, start-up",
        "     0.50     0.50     62.0  numpy: pandas/x.py:1, collection of t.py, and on 1 more occasion; 2 times",
        "              0.01      0.0  all others",
        "              1.51    272.0  in all",
    ] == list(bill_lines(bill, "/root"))  # fmt: skip


def test_what_tests_import_has_its_rule_named():
    """Where a heavy package was first imported in a test."""
    bill = bill_of((Phase.SETUP, "t.py::a", Paid("numpy", 0.2, 0.2, 0, "", 1)))

    *_others, row, _light, _sum, rule = bill_lines(bill, "/root")
    assert row.endswith("  numpy: setup of t.py::a")
    assert "PLC0415" in rule


def test_an_empty_bill():
    """Nothing was heavy, and it says so."""
    assert [
        "              0.00      0.0  all others",
        "              0.00      0.0  in all",
    ] == list(bill_lines(Bill(), "/root"))


def test_clashes_are_told_once():
    """After the figures."""
    bill = Bill()
    for _ in range(2):
        bill.note_clashes(["a hides b"])

    assert "clash: a hides b" == list(bill_lines(bill, "/root"))[-1]
    assert ["a hides b"] == bill.clashes

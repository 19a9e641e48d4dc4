"""Specification of `core.requires.meant`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.requires.meant import Meant, promises_for
from pytest_bulkhead.core.requires.promises import read_promises
from pytest_bulkhead.core.requires.requirements import join, read_mark


@pytest.mark.parametrize(
    ("kwargs", "found"),
    [
        ({"gpu": 1}, ["P gpu"]),
        ({"gpu": 1, "ram": "8GB", "cpus": 64}, ["P gpu", "P ram>=16GB"]),
        ({"gpu": 2, "ram": "64GB"}, []),
        ({"gpu_memory": "8GB", "service": "redis"}, ["P gpu", "P service"]),
    ],
)
def test_a_test_is_meant_to_run_for_what_was_promised_of_its_needs(kwargs, found):
    """Each promise once; not for what goes beyond it."""
    promises = read_promises(["gpu", "ram>=16GB", "service"], "P")
    assert promises_for(join(read_mark("t", (), kwargs)), promises) == found


def test_a_promise_is_missed_where_none_of_its_tests_ran():
    """One that ran is enough, whatever came of the others; a test counts once."""
    meant = Meant()
    for nodeid, promises, ran in (
        ("a", ["gpu", "ram"], False),
        ("b", ["gpu"], False),
        ("b", ["gpu"], False),
        ("c", ["ram"], False),
        ("c", [], True),
        ("d", [], False),
    ):
        meant.hear(nodeid, promises, ran=ran)
    assert meant.missed() == {"gpu": 2}


def test_nothing_is_missed_where_nothing_was_meant():
    """As when no test was selected that needs what was promised."""
    meant = Meant()
    meant.hear("a", [], ran=False)
    assert meant.missed() == {}

"""Specification of `core.requires.requirements`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.requires.keys import KEYS
from pytest_bulkhead.core.requires.requirements import join, read_mark
from pytest_bulkhead.errors import UsageProblem


def read(**kwargs):
    return read_mark("t.py::t", (), kwargs)


def joined(*marks):
    return join(one for kwargs in marks for one in read(**kwargs))


def test_an_unknown_key_is_answered_with_all_that_there_are():
    """Also what has no key at all beside one that has."""
    with pytest.raises(UsageProblem, match=r"t\.py::t: mark requires: there is no key 'gpus'") as caught:  # fmt: skip
        read(gpus=1)
    assert all(key in str(caught.value) for key in KEYS)
    with pytest.raises(UsageProblem, match="'48GB' is given without a key"):
        read_mark("t.py::t", ("48GB",), {"gpu": 1})


def test_marks_add_up():
    """Of two amounts the larger counts; all modules, services and the like are needed."""
    found = joined(
        {"ram": "8GB", "module": "a", "cpus": 4},
        {"ram": "16GB", "module": ["b", "a"], "cpus": 2, "python": ">=3.10"},
        {"python": "<4", "ram": "16GB"},
    )
    assert ["ram 16GB", "cpus 4", "module a", "module b", "python >=3.10", "python <4"] == [
        one.text for one in found
    ]


def test_memory_of_gpus_asks_for_gpus():
    """For one, or for as many as another mark asks for."""
    alone, both = joined({"gpu_memory": "24GB"}), joined({"gpu_memory": "24GB"}, {"gpu": 2})

    assert [("gpu 1", 1), ("gpu_memory 24GB", 1)] == [(one.text, one.gpus) for one in alone]
    assert [("gpu 2", 2), ("gpu_memory 24GB", 2)] == [(one.text, one.gpus) for one in both]
    assert ["gpu 1", "compute_capability >=8.0"] == [one.text for one in joined({"compute_capability": ">=8.0"})]  # fmt: skip
    assert () == joined()


@given(st.lists(st.integers(1, 64), min_size=1))
def test_the_order_of_marks_does_not_matter(counts):
    """The largest count is what is needed, whoever asks for it."""
    assert [float(max(counts))] == [one.least for one in joined(*({"cpus": n} for n in counts))]

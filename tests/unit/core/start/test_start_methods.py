"""Specification of `core.start.start_methods`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.start.start_methods import METHODS, parse_method, read_mark
from pytest_bulkhead.errors import UsageProblem


@pytest.mark.parametrize("method", METHODS)
def test_a_start_method(method):
    """The three of multiprocessing."""
    assert method == parse_method(method, "here")
    assert method == read_mark("t.py::test", (method,), {})


def test_no_start_method():
    """The message has the word, where it stands, and all that there are."""
    with pytest.raises(UsageProblem) as caught:
        parse_method("thread", "ini key isolate_mp_start")

    text = "ini key isolate_mp_start: 'thread' is none of spawn, forkserver, fork"
    assert text == str(caught.value)


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), (("spawn", "fork"), {}), (("Spawn",), {}), ((1,), {}),
                         (("spawn",), {"force": True})]
)  # fmt: skip
def test_a_mark_that_names_none(args, kwargs):
    """The test is named, and what to write."""
    with pytest.raises(UsageProblem) as caught:
        read_mark("t.py::test", args, kwargs)

    assert str(caught.value).startswith("t.py::test: mark mp_start: ")
    assert '@pytest.mark.mp_start("spawn")' in str(caught.value)

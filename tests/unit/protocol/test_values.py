"""Specification of `protocol.values`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import json
import math
from pathlib import PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.protocol.values import (
    MAX_DEPTH,
    MAX_TEXT,
    cut,
    from_plain,
    safe_repr,
    to_plain,
)

ATOMS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(2**200), 2**200),
    st.floats(allow_nan=False),
    st.text(st.characters(), max_size=8),
    st.binary(max_size=8),
)
HASHABLE = st.recursive(
    ATOMS,
    lambda inner: st.one_of(st.tuples(inner, inner), st.frozensets(inner, max_size=3)),
    max_leaves=4,
)
KEYS = st.one_of(st.sampled_from(["$tuple", "$dict", "$", "plain"]), HASHABLE)
VALUES = st.recursive(
    st.one_of(HASHABLE, st.sets(HASHABLE, max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(KEYS, inner, max_size=3),
        st.tuples(inner, inner),
    ),
    max_leaves=8,
)


def travelled(value):
    """Return what the other side makes of a value."""
    return from_plain(json.loads(json.dumps(to_plain(value))))


def typed(value):
    """Return a value with its types, for 1 == True == 1.0."""
    if isinstance(value, dict):
        return [(typed(key), typed(member)) for key, member in value.items()]
    if isinstance(value, (list, tuple)):
        return type(value), [typed(member) for member in value]
    return type(value), value


@given(VALUES)
def test_values_arrive_as_they_were(value):
    """A value of JSON's types, or a tuple, set, bytes, or with keys of these, is the same there."""
    assert typed(value) == typed(travelled(value))


def test_not_a_number_arrives():
    """NaN, which is no JSON, arrives all the same: both ends are ours."""
    assert math.isnan(travelled(math.nan))


def test_a_lone_surrogate_arrives():
    """A text that is no UTF-8 can be sent."""
    assert "\udc80" == travelled("\udc80")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PurePosixPath('/x')", PurePosixPath("/x")),
        ("<class 'int'>", int),
        ("1j", 1j),
    ],
)
def test_anything_else_arrives_as_its_repr(text, value):
    """A value of another type is the text of its repr there."""
    assert text == travelled(value)
    assert {(text,): [text]} == travelled({(value,): [value]})


def test_a_repr_that_raises():
    """A value without a repr arrives as a text that says so."""

    class Rude:
        def __repr__(self):
            raise ValueError("no")

    assert "<Rude whose repr raised ValueError>" == travelled(Rude()) == safe_repr(Rude())


def test_a_value_that_contains_itself():
    """A cycle ends where it begins again, however many ways lead there."""
    loop = []
    loop += [loop, loop]
    mapping = {"a": 1}
    mapping["self"] = mapping

    assert [{"$repr": "..."}] * 2 == to_plain(loop)
    assert {"a": 1, "self": "..."} == travelled(mapping)


def test_the_same_value_twice_is_no_cycle():
    """A value that stands beside itself arrives twice."""
    inner = [1]

    assert [[1], [1]] == travelled([inner, inner])


def test_depth_is_limited():
    """A value nested deeper than any report ends there."""
    value = 1
    for _ in range(MAX_DEPTH + 1):
        value = [value]
    flat = travelled([value])
    for _ in range(MAX_DEPTH + 1):
        (flat,) = flat

    assert "..." == flat


def test_a_long_text_loses_its_middle():
    """Beyond the limit a text keeps its ends and says how much is missing."""
    assert "aaaa\n[... 2 characters cut by pytest-bulkhead ...]\nbbbb" == cut("aaaaxxbbbb", 8)
    assert "aaaa" == cut("aaaa", 4)
    assert len(to_plain("x" * (MAX_TEXT + 1))) < MAX_TEXT + 80


def test_an_unknown_tag_is_a_dict():
    """A dict with one key that is no tag of ours is just that."""
    assert {"$other": 1} == from_plain({"$other": 1})

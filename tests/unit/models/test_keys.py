"""What makes two loads of a model the same."""

from __future__ import annotations

import dataclasses
import enum
import functools
from pathlib import Path

import pytest

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.models.keys import key_of, title_of


def load(*args, **kwargs):
    """Load nothing."""


class Colour(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Config:
    size: int
    names: tuple = ()


class Loader:
    @classmethod
    def from_pretrained(cls, name):
        """Load nothing."""

    def bound(self):
        """Load nothing."""


class Other(Loader):
    pass


def digest(loader, *args, **kwargs):
    return key_of(loader, args, kwargs).digest


def closure(value):
    return lambda: value


def recursive(value):
    def again():
        return again, value

    return again


@functools.cache
def load_cached():
    """Load once."""


ONE = lambda: 1  # noqa: E731
TWO = lambda: 2  # noqa: E731

#: All different; each is described twice.
CALLS = [
    lambda: (load,),
    lambda: (load, 1),
    lambda: (load, 1.0),
    lambda: (load, True),
    lambda: (load, "1"),
    lambda: (load, None),
    lambda: (load, [1]),
    lambda: (load, (1,)),
    lambda: (load, {1, 2, "a", "b", "c"}),
    lambda: (load, {"a": 1, "b": 2}),
    lambda: (load, {"a": 2, "b": 1}),
    lambda: (load, Path("a")),
    lambda: (load, Colour.RED),
    lambda: (load, Colour.BLUE),
    lambda: (load, Config(1)),
    lambda: (load, Config(2)),
    lambda: (load, Loader),
    lambda: (load, Other),
    lambda: (Loader.from_pretrained, "a"),
    lambda: (Other.from_pretrained, "a"),
    lambda: (functools.partial(load, 1),),
    lambda: (functools.partial(load, 2),),
    lambda: (load_cached,),
    lambda: (functools.cache(load),),
    lambda: (functools.lru_cache(closure(1)),),
    lambda: (closure(1),),
    lambda: (closure(2),),
    lambda: (closure(load),),
    lambda: (recursive(1),),
    lambda: (recursive(2),),
    lambda: (ONE,),
    lambda: (TWO,),
]


def test_the_same_is_the_same_and_all_else_is_not():
    """Loaders and arguments of all kinds, by what they are made of and not by which object."""
    first, second = ([digest(*call()) for call in CALLS] for _ in range(2))
    assert first == second
    assert len(set(first)) == len(CALLS)


def test_the_order_of_names_does_not_matter():
    """Neither of arguments by name nor in a dict."""
    assert digest(load, a=1, b={"x": 1, "y": 2}) == digest(load, b={"y": 2, "x": 1}, a=1)
    assert digest(load, a=1) != digest(load, b=1)


@pytest.mark.parametrize(
    ("loader", "args", "named"),
    [
        (load, (object(),), "another object"),
        (load, ([Loader()],), "another Loader"),
        (Loader().bound, (), "another Loader"),
        (closure(object()), (), "another object"),
        (functools.partial(load, object()), (), "another object"),
    ],
)
def test_what_cannot_be_told_apart_is_refused(loader, args, named):
    """The message has the call, the value, and what to write instead."""
    with pytest.raises(UsageProblem, match=named) as caught:
        key_of(loader, args, {})
    assert "hint: write a function" in str(caught.value)


def test_titles_are_calls():
    """As people would write them; of a loader without a name, the line that has it."""
    assert title_of(load, ("a/b",), {"device": "cpu"}) == "load('a/b', device='cpu')"
    assert title_of(functools.partial(load, 1), (), {}) == "partial of load()"
    assert title_of(ONE, (), {}).startswith(f"<lambda> at {__file__}:")

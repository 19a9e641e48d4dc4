"""Specification of `protocol.messages`."""

from __future__ import annotations

from typing import get_args

import pytest

from pytest_bulkhead.protocol import messages as msg

#: A field of another type could not be checked when it arrives.
KINDS = {"int", "str", "bool", "tuple[int, ...]", "tuple[str, ...]", "Plain"}


def test_the_types_are_the_union():
    """The tuple that is looked through and the union that is checked name the same types."""
    assert set(get_args(msg.Message)) == set(msg.TYPES)
    assert len(msg.TYPES) == len({cls.__name__ for cls in msg.TYPES})


def test_every_message_is_listed():
    """A class of that module is a message."""
    classes = {
        kind for kind in vars(msg).values() if getattr(kind, "__module__", "") == msg.__name__
    }

    assert {kind for kind in classes if isinstance(kind, type)} == set(msg.TYPES)


@pytest.mark.parametrize("cls", msg.TYPES)
def test_fields_are_of_few_kinds(cls):
    """Each field is of a type whose values are checked when they arrive."""
    kinds = {getattr(kind, "__forward_arg__", kind) for kind in cls.__annotations__.values()}

    assert kinds <= KINDS


@pytest.mark.parametrize("cls", msg.TYPES)
def test_messages_are_values(cls):
    """A message cannot be changed, and says of itself what it is for."""
    message = cls(*range(len(cls.__annotations__)))

    with pytest.raises(AttributeError):
        message.anything = 1
    assert cls.__doc__

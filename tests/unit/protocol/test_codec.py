"""Specification of `protocol.codec`."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.codec import decode, encode
from pytest_bulkhead.protocol.values import to_plain

from .test_values import VALUES

TEXTS = st.text(st.characters(), max_size=8)
FIELDS = {
    "int": st.integers(-(2**63), 2**63),
    "str": TEXTS,
    "bool": st.booleans(),
    "tuple[int, ...]": st.lists(st.integers(0, 99), max_size=4).map(tuple),
    "tuple[str, ...]": st.lists(TEXTS, max_size=4).map(tuple),
    "Plain": VALUES,
}


def kinds_of(cls):
    """Return the annotations of a message's fields, as they are written."""
    return [getattr(kind, "__forward_arg__", kind) for kind in cls.__annotations__.values()]


def messages(cls):
    """Return a strategy: (the message, the message as it is sent)."""
    kinds = kinds_of(cls)
    return st.tuples(*(FIELDS[kind] for kind in kinds)).map(
        lambda values: (
            cls(*values),
            cls(*(to_plain(v) if k == "Plain" else v for k, v in zip(kinds, values, strict=True))),
        )
    )


MESSAGES = st.one_of([messages(cls) for cls in msg.TYPES])


@given(MESSAGES)
def test_a_message_arrives_as_it_was(pair):
    """Decoding gives back what encoding was given, of the same type."""
    message, plain = pair
    arrived = decode(encode(plain))

    assert type(message) is type(arrived)
    assert message == arrived


@pytest.mark.parametrize("cls", msg.TYPES)
def test_a_payload_is_a_named_array(cls):
    """A message is a JSON array: its name, then its fields in order, in ASCII."""
    example = {"int": 1, "str": "é", "bool": True, "Plain": {}}
    message = cls(*(example.get(kind, ()) for kind in kinds_of(cls)))
    name, *fields = json.loads(encode(message).decode("ascii"))

    assert cls.__name__ == name
    assert len(kinds_of(cls)) == len(fields)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"7",
        b"[]",
        b"{}",
        b'"Stop"',
        b'{"Stop":1}',
        b'["Shutdown"]',
        b'[["Stop"]]',
        b"[null]",
        b'["Stop",1]',
        b'["Progress",1]',
        b'["Progress",1,"2"]',
        b'["Progress",1,true]',
        b'["Progress",1,2.0]',
        b'["Progress",1,null]',
        b'["Hello",1,2,3]',
        b'["Assign",[1,"2"],3]',
        b'["Assign",1,3]',
        b'["Spawn",1,["a",2],{},""]',
        b'["Reported",1,{"$int":"x"}]',
        b'["Reported",1,{"$int":5}]',
        b'["Reported",1,{"$dict":[1]}]',
        b'["Reported",1,{"$dict":[[[],1]]}]',
        b'["Reported",1,{"$set":[[]]}]',
        b'["Reported",1,{"$bytes":"\\u2026"}]',
        b'["Reported",1,{"$bytes":1}]',
        b'["Stop"',
        b'["Stop"]\0',
        b'\xff\xfe["Stop"]',
        b"[" * 100_000,
        b'["Progress",1,' + b"9" * 5000 + b"]",
    ],
)
def test_what_is_no_message_is_refused(payload):
    """Bytes that are no message, or one with other fields than it has, are a ProtocolError."""
    with pytest.raises(ProtocolError):
        decode(payload)


def survives(payload):
    """Decode and expect a message or a ProtocolError."""
    try:
        assert isinstance(decode(payload), msg.TYPES)
    except ProtocolError:
        pass


@given(st.binary(max_size=60))
def test_garbage_never_raises_anything_else(payload):
    """Whatever the bytes, there is a message or a ProtocolError."""
    survives(payload)


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.sampled_from(
                ["$tuple", "$set", "$frozenset", "$bytes", "$int", "$dict", "$repr", "a"]
            ),
            inner,
            max_size=2,
        ),
    ),
    max_leaves=8,
)


@given(st.sampled_from([cls.__name__ for cls in msg.TYPES]), st.lists(JSON, max_size=6))
def test_garbage_in_good_form_never_raises_anything_else(name, fields):
    """Whatever stands in the fields, there is a message or a ProtocolError."""
    survives(json.dumps([name, *fields]).encode())


@given(MESSAGES, st.integers(0, 10**6), st.integers(0, 255))
def test_a_flipped_byte_never_raises_anything_else(pair, place, byte):
    """A payload that was damaged on its way is a message or a ProtocolError."""
    payload = bytearray(encode(pair[1]))
    payload[place % len(payload)] = byte

    survives(bytes(payload))

"""Specification of `protocol.framing`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol.framing import LIMIT, FrameReader, frame


@given(st.lists(st.binary(max_size=40)), st.data())
def test_payloads_arrive_however_the_stream_is_cut(payloads, data):
    """What was framed is read back, in order, whatever the pieces in which it comes."""
    stream = b"".join(map(frame, payloads))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    reader = FrameReader()
    pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]

    assert payloads == [payload for piece in pieces for payload in reader.feed(piece)]
    assert not reader.partial


def test_a_frame_is_its_length_and_its_payload():
    """Four bytes of length, the greatest first, then the payload."""
    assert b"\0\0\0\3abc" == frame(b"abc")


@pytest.mark.parametrize("piece", [b"\0", b"\0\0\0\3", b"\0\0\0\3ab"])
def test_a_part_is_kept(piece):
    """A stream that ends within a frame is known to be cut off."""
    reader = FrameReader()

    assert [] == list(reader.feed(piece))
    assert reader.partial


def test_a_length_over_the_limit_is_no_stream_of_ours():
    """The reader refuses to wait for more than anybody of ours would send."""
    with pytest.raises(ProtocolError, match="over the limit"):
        list(FrameReader().feed((LIMIT + 1).to_bytes(4, "big")))


def test_what_came_before_garbage_is_not_lost():
    """Payloads that are complete are read, though what follows them is no stream of ours."""
    stream = frame(b"one") + frame(b"two") + b"\xff" * 9
    read = []
    with pytest.raises(ProtocolError):
        read.extend(iter(FrameReader().feed(stream)))

    assert [b"one", b"two"] == read


def test_a_payload_over_the_limit_is_not_sent():
    """The sender refuses what the other side would not take."""

    class Long(bytes):
        def __len__(self):
            return LIMIT + 1

    with pytest.raises(ProtocolError, match="over the limit"):
        frame(Long())

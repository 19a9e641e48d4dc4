"""Specification of `system.endpoint`, on real sockets."""

from __future__ import annotations

import os

import pytest

from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system.endpoint import Endpoint, channel
from pytest_bulkhead.system.files import HIGH_FD


@pytest.fixture
def ends():
    ours, theirs = channel()
    pair = Endpoint(ours, blocking=False), Endpoint(theirs)
    yield pair
    for end in pair:
        end.close()


def test_messages_arrive_in_order(ends):
    """What one side sends the other receives, in order and whole."""
    ours, theirs = ends
    sent = [msg.Progress(-1, 0), msg.Stop(), msg.Assign((0, 3), -1)]
    for message in sent:
        ours.send(message)

    assert sent == theirs.wait_messages()


def test_descriptors_travel_and_are_moved_out_of_the_way(ends):
    """A descriptor that comes with a message means the same file, at a number no test meets."""
    ours, theirs = ends
    read, write = os.pipe()
    ours.send(msg.ForkTemplate(1), (write,))
    os.close(write)
    theirs.wait_messages()
    (received,) = theirs.take_fds(1)
    os.write(received, b"hello")
    os.close(received)

    assert received >= HIGH_FD
    assert os.read(read, 9) == b"hello"
    os.close(read)


def test_sending_to_one_who_does_not_read_never_blocks(ends):
    """The controller's end keeps what the socket does not take, and sends it later."""
    ours, theirs = ends
    long = msg.Live("x" * 5_000_000, "")
    ours.send(long)

    assert ours.pending
    received = []
    while not received:
        ours.flush()
        received = list(theirs.receive())
    assert [long] == received
    assert not ours.pending


def test_the_end_of_the_other_side_is_known(ends):
    """After the last message of a closed side, `closed` is set and nothing raises."""
    ours, theirs = ends
    theirs.send(msg.Left())
    theirs.close()
    heard = [*ours.drain()]

    assert [msg.Left()] == heard
    assert ours.closed


def test_garbage_is_refused_after_what_was_said_before_it(ends):
    """Messages before garbage are heard; the garbage raises."""
    ours, theirs = ends
    theirs.send(msg.Stop())
    theirs.sock.sendall(b"\xff" * 16)
    arrived = ours.receive()

    assert next(arrived) == msg.Stop()
    with pytest.raises(ProtocolError):
        next(arrived)


def test_hanging_up_is_heard_by_both(ends):
    """After `hang_up` the other side cannot send."""
    ours, theirs = ends
    ours.hang_up()
    with pytest.raises(OSError, match="pipe"):
        theirs.send(msg.Stop())

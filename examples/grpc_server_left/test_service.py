"""A server of grpc.aio is bound to the event loop of the test that started it; nobody stops it.

Who calls it after that loop was closed has it write into freed memory: the run dies in an innocent
test. With a process for each test, each has a server of its own, and is told to have left it.
"""

import asyncio

from service import call


def test_echo():
    assert asyncio.run(call(b"one")) == b"one"


def test_echo_again():
    assert asyncio.run(call(b"two")) == b"two"


def test_echo_of_nothing():
    assert asyncio.run(call(b"")) == b""

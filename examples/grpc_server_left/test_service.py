"""A server of grpc.aio is bound to the event loop of the test that started it; nobody stops it.

Who calls it after that loop was closed has it write into freed memory: the run dies in an innocent
test, in its loop or when what is left of that is collected. With a process for each test, each has
a server of its own, and is told to have left it.
"""

import asyncio
import gc

from service import call


def answer(message):
    try:
        return asyncio.run(call(message))
    finally:
        # Here, so that it is not in the middle of another test.
        gc.collect()


def test_echo():
    assert answer(b"one") == b"one"


def test_echo_again():
    assert answer(b"two") == b"two"


def test_echo_of_nothing():
    assert answer(b"") == b""

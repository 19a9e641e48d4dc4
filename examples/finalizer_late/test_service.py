"""A server that nobody stops is finalised by the collector, after its event loop was closed.

The error is that of the test in which the collector happens to run. With a process for each test,
that is nobody's, and what is left behind says whose server it was.
"""

import asyncio
import gc

from service import Service


async def started():
    service = Service()
    await service.start()
    return service


def test_start():
    assert asyncio.run(started())


def test_innocent():
    assert gc.collect() >= 0

"""The event loop that all share is closed by one of them."""

import asyncio
import functools


@functools.lru_cache(maxsize=None)
def loop():
    return asyncio.new_event_loop()


def test_before():
    loop().run_until_complete(asyncio.sleep(0))


def test_closes_the_loop():
    loop().close()


def test_between():
    asyncio.new_event_loop().close()


def test_victim():
    coroutine = asyncio.sleep(0)
    try:
        loop().run_until_complete(coroutine)
    finally:
        coroutine.close()

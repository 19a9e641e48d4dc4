import asyncio

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_best_first(client):
    await client.put("ship", "sail and rudder and sail and mast")
    await client.put("kite", "string and sail")
    assert await client.search("sail") == ["kite", "ship"]


async def test_limit(client):
    for number in range(5):
        await client.put(f"note {number}", "anchor")
    assert len(await client.search("anchor", limit=3)) == 3


@pytest.mark.slow
async def test_many_at_once(client):
    await asyncio.gather(*(client.put(f"log {number}", "cargo") for number in range(300)))
    assert len(await client.search("cargo", limit=1000)) == 300

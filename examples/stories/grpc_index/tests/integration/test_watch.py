import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_who_watches_is_told(client):
    names = client.watch()
    assert await anext(names) == ""
    await client.put("brig", "two masts")
    assert await anext(names) == "brig"
    await names.aclose()


async def test_nobody_watches_any_more(client):
    await client.put("sloop", "one mast")
    assert "sloop" in await client.search("mast")

import grpc
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_put(client):
    assert await client.put("ship", "a hull and a keel") == 1


async def test_drop(client):
    await client.put("raft", "some logs")
    before = await client.put("boat", "a hull")
    assert await client.drop("raft") == before - 1


async def test_drop_of_none(client):
    with pytest.raises(grpc.RpcError, match="no document plane"):
        await client.drop("plane")


async def test_document_without_a_name(client):
    with pytest.raises(grpc.RpcError, match="needs a name"):
        await client.put("", "words")

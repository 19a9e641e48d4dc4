"""Who asks an index, be it elsewhere or in this process."""

from __future__ import annotations

from collections.abc import AsyncIterator

import grpc
import grpc.aio

from docindex.ranking import Index
from docindex.service import SERVICE, pack, serve, unpack

_TIMEOUT = 10

#: The server of this process, by its port.
_local: dict[int, grpc.aio.Server] = {}


async def local_port() -> int:
    """Return the port of the server of this process, which is started at first need."""
    if not _local:
        server, port = await serve(Index())
        _local[port] = server
    return next(iter(_local))


class Client:
    """Use as `async with Client(address) as client`; without an address it asks this process."""

    def __init__(self, address: str = "") -> None:
        self._address = address

    async def __aenter__(self):
        address = self._address or f"127.0.0.1:{await local_port()}"
        self._channel = grpc.aio.insecure_channel(address)
        return self

    async def __aexit__(self, *_problem: object) -> None:
        await self._channel.close()

    async def put(self, name: str, text: str) -> int:
        """Add a document; return how many there are."""
        return (await self._call("Put", {"name": name, "text": text}))["documents"]

    async def drop(self, name: str) -> int:
        """Take a document out; return how many are left."""
        return (await self._call("Drop", {"name": name}))["documents"]

    async def search(self, query: str, limit: int = 10) -> list[str]:
        """Return the names of what is found, the best first."""
        answer = await self._call("Search", {"query": query, "limit": limit})
        return [name for name, _score in answer["found"]]

    async def watch(self) -> AsyncIterator[str]:
        """Yield the names of documents as they are put there; the first is empty."""
        method = self._channel.unary_stream(f"/{SERVICE}/Watch", pack, unpack)
        async for message in method({}, timeout=_TIMEOUT):
            yield message.get("name", "")

    async def _call(self, method: str, request: dict) -> dict:
        call = self._channel.unary_unary(f"/{SERVICE}/{method}", pack, unpack)
        return await call(request, timeout=_TIMEOUT)

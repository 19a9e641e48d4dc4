"""The index as a service of grpc.aio: unary calls, and a stream of what is put into it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable

import grpc
import grpc.aio

from docindex.ranking import Index

SERVICE = "docindex.Index"


def pack(message: object) -> bytes:
    """Write a message as it is sent."""
    return json.dumps(message).encode()


def unpack(message: bytes) -> dict:
    """Read a message."""
    return json.loads(message)


class Servicer(grpc.GenericRpcHandler):
    """What the service answers."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._watchers: set[asyncio.Queue[str]] = set()
        self._methods: dict[str, grpc.RpcMethodHandler] = {
            f"/{SERVICE}/Put": _unary(self.put),
            f"/{SERVICE}/Drop": _unary(self.drop),
            f"/{SERVICE}/Search": _unary(self.search),
            f"/{SERVICE}/Watch": grpc.unary_stream_rpc_method_handler(self.watch, unpack, pack),
        }

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        return self._methods.get(details.method)

    async def put(self, request: dict, context: grpc.aio.ServicerContext) -> dict:
        if not request.get("name"):
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "a document needs a name")
        self._index.put(request["name"], request["text"])
        for watcher in self._watchers:
            watcher.put_nowait(request["name"])
        return {"documents": len(self._index)}

    async def drop(self, request: dict, context: grpc.aio.ServicerContext) -> dict:
        if not self._index.drop(request["name"]):
            await context.abort(grpc.StatusCode.NOT_FOUND, f"no document {request['name']}")
        return {"documents": len(self._index)}

    async def search(self, request: dict, context: grpc.aio.ServicerContext) -> dict:
        return {"found": self._index.search(request["query"], request.get("limit", 10))}

    async def watch(self, request: dict, context: grpc.aio.ServicerContext) -> AsyncIterator[dict]:
        names: asyncio.Queue[str] = asyncio.Queue()
        self._watchers.add(names)
        try:
            yield {"watching": True}
            while True:
                yield {"name": await names.get()}
        finally:
            self._watchers.discard(names)


def _unary(method: Callable) -> grpc.RpcMethodHandler:
    return grpc.unary_unary_rpc_method_handler(method, unpack, pack)


async def serve(index: Index, address: str = "127.0.0.1:0") -> tuple[grpc.aio.Server, int]:
    """Start a server; return it, and its port."""
    server = grpc.aio.server(handlers=[Servicer(index)])
    port = server.add_insecure_port(address)
    await server.start()
    return server, port

"""The product: a service that is its own handler, as many are. It and its server are a cycle."""

import grpc
import grpc.aio


class Service(grpc.GenericRpcHandler):
    def __init__(self):
        self.server = grpc.aio.server(handlers=[self])
        self.answer = self.echo

    async def echo(self, request, context):
        return request

    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(self.answer)

    async def start(self):
        self.server.add_insecure_port("127.0.0.1:0")
        await self.server.start()

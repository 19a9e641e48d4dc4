"""The product: an echo server that is started when it is first needed."""

import grpc
import grpc.aio


class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        async def echo(request, context):
            return request

        return grpc.unary_unary_rpc_method_handler(echo)


running = {}


async def port():
    if not running:
        server = grpc.aio.server(handlers=[Echo()])
        running[server.add_insecure_port("127.0.0.1:0")] = server
        await server.start()
    return next(iter(running))


async def call(message):
    async with grpc.aio.insecure_channel(f"127.0.0.1:{await port()}") as channel:
        return await channel.unary_unary("/echo/echo")(message, timeout=5)

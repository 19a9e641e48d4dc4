"""grpcio: to import it costs no fork, and what is alive of it is never forked."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("grpc")

#: An echo on both sides of a connection, and a test's process.
ECHO = """
import os
from concurrent import futures
import grpc
import pytest

class Echo(grpc.GenericRpcHandler):
    def service(self, details):
        return grpc.unary_unary_rpc_method_handler(lambda request, context: request * 2)

def serve():
    server = grpc.server(futures.ThreadPoolExecutor(1))
    server.add_generic_rpc_handlers((Echo(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, grpc.insecure_channel(f"127.0.0.1:{port}")

def call(channel):
    print("IN", os.getpid())
    assert b"xx" == channel.unary_unary("/a/b")(b"x", timeout=10)
"""


def processes(heard) -> list[str]:
    """Return in which process each test ran, in order."""
    return re.findall(r"IN (\d+)", heard.text)


def test_grpc_may_be_imported_before_a_fork(pytester, heard):
    """Each test has a server and a channel, in a process that was forked after the import."""
    pytester.makepyfile(
        test_x=ECHO
        + """
@pytest.mark.parametrize("number", range(3))
def test_own(number):
    server, channel = serve()
    with channel:
        call(channel)
    server.stop(0).wait()
"""
    )
    run = heard("--isolate=function", "-rP")

    run.result.assert_outcomes(passed=3)
    assert "forked from the template" in run.text
    assert len(set(processes(run))) == 3


def test_tests_that_share_a_live_channel_run_together(pytester, heard):
    """A process with a live channel is not forked: its child would wait for ever."""
    pytester.makepyfile(
        test_x=ECHO
        + """
@pytest.fixture(scope="module")
def channel():
    server, channel = serve()
    yield channel
    channel.close()
    server.stop(0).wait()
def test_1(channel): call(channel)
def test_2(channel): call(channel)
def test_alone(): print("IN", os.getpid())
"""
    )
    run = heard("--isolate=function", "--isolate-why", "-rP")

    run.result.assert_outcomes(passed=3)
    one, two, alone = processes(run)
    assert one == two != alone
    assert "its tests ran together, in one process: the core of gRPC is running" in run.text
    assert "(thread grpc_global_tim, and 1 more)" in run.text

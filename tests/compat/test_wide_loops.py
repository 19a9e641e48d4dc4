"""Event loops that are wider than a test, with a process for each test.

The loop is made in a stage, and each test has a copy of it.
"""

from __future__ import annotations

import pytest
from conftest import shown

ASYNCIO = """
import asyncio, os, pytest, pytest_asyncio
@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared():
    await asyncio.sleep(0); yield {"pid": os.getpid(), "queue": asyncio.Queue()}; await asyncio.sleep(0)
@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def local():
    await asyncio.sleep(0.01); yield [asyncio.get_running_loop()]; await asyncio.sleep(0.01)
@pytest.mark.asyncio(loop_scope="session")
async def test_1(shared):
    shared["queue"].put_nowait(1); assert await shared["queue"].get() == 1
@pytest.mark.asyncio(loop_scope="session")
async def test_2(shared):
    assert shared["queue"].empty(); await asyncio.sleep(0.01)
    shared["queue"].put_nowait(2)
@pytest.mark.asyncio(loop_scope="module")
async def test_3(local):
    assert asyncio.get_running_loop() is local[0]
    proc = await asyncio.create_subprocess_exec("true"); assert await proc.wait() == 0
@pytest.mark.asyncio(loop_scope="module")
async def test_4(local):
    reader, writer = await asyncio.open_connection(sock=__import__("socket").socketpair()[0])
    writer.close(); assert len(local) == 1
    await asyncio.to_thread(os.getpid)
@pytest.mark.asyncio(loop_scope="module")
async def test_5(local): assert 0
class TestC:
    @pytest_asyncio.fixture(scope="class", loop_scope="class")
    async def made(self): yield [1]
    @pytest.mark.asyncio(loop_scope="class")
    async def test_6(self, made): made.append(2)
    @pytest.mark.asyncio(loop_scope="class")
    async def test_7(self, made): assert made == [1]
"""

ANYIO = """
import os, anyio, pytest
pytestmark = pytest.mark.anyio
@pytest.fixture(scope="module", params=["asyncio", "trio"])
def anyio_backend(request): return request.param
@pytest.fixture(scope="module")
async def made(anyio_backend):
    await anyio.sleep(0); yield {"backend": anyio_backend, "pid": os.getpid()}; await anyio.sleep(0)
async def test_1(made): made["used"] = True
async def test_2(made): assert "used" not in made; await anyio.sleep(0.01)
async def test_3(made):
    async with anyio.create_task_group() as group: group.start_soon(anyio.sleep, 0.01)
async def test_4(made): assert 0
"""


@pytest.mark.parametrize(
    ("suite", "ends", "options"),
    [
        (ASYNCIO, {"passed": 6, "failed": 1}, ("-p", "no:anyio")),
        (ANYIO, {"passed": 6, "failed": 2}, ("-p", "no:asyncio")),
    ],
    ids=["asyncio", "anyio"],
)
@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one", "two"])
def test_a_loop_of_wider_scope_is_copied_into_each_test(suite, ends, options, workers, run, files):
    """Wide async fixtures are set up once, in a stage, and each test uses its copy of the loop."""
    files({"test_x.py": suite})
    finished = run("--isolate=function", "-p", "no:randomly", *options, *workers)
    assert finished.tests == ends, shown(finished)


BACKGROUND = """
import asyncio, os, pytest, pytest_asyncio
async def beat(beats):
    while True:
        beats.append(os.getpid()); await asyncio.sleep(0.001)
@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def beats():
    beats = []; task = asyncio.create_task(beat(beats)); yield beats; task.cancel()
async def beaten(beats):
    before = len(beats)
    while len(beats) < before + 3: await asyncio.sleep(0.001)
    assert set(beats) == {os.getpid()}
@pytest.mark.asyncio(loop_scope="module")
async def test_1(beats): await beaten(beats)
@pytest.mark.asyncio(loop_scope="module")
async def test_2(beats): await beaten(beats)
def test_3(): pass
"""


def test_tests_beside_a_background_task_run_together(run, files):
    """A task that a wide fixture began goes on in one process, as in plain pytest."""
    files({"test_x.py": BACKGROUND})
    finished = run("--isolate=function", "--isolate-why", "-pno:randomly", "-pno:anyio")

    assert finished.tests == {"passed": 3}, shown(finished)
    told = "its tests ran together, in one process: a task is under way in an event loop: beat (/"
    assert told in finished.section("isolation"), shown(finished)

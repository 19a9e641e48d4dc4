"""Specification of `system.loops`, in processes of their own."""

from __future__ import annotations

import re
import sys

import pytest
from asking import ask

pytestmark = pytest.mark.skipif(
    sys.version_info >= (3, 14), reason="Python 3.14 does not say which tasks there are"
)

BEGIN = """
import asyncio
loop = asyncio.new_event_loop()
def begin(coroutine):
    async def start():
        task = asyncio.create_task(coroutine)
        await asyncio.sleep(0.01)
        return task
    return loop.run_until_complete(start())
"""

CLOCK = """
async def beat():
    while True: await asyncio.sleep(60)
task = begin(beat())
"""
QUEUE = """
async def work():
    await asyncio.Queue().get()
task = begin(work())
"""
TWO = """
async def b(): await asyncio.sleep(60)
async def a(): await asyncio.sleep(60)
tasks = begin(b()), begin(a())
"""
CLOSED = """
async def lost(): await asyncio.sleep(60)
task = begin(lost())
loop.close()
"""


@pytest.fixture
def told(tmp_path):
    """Return a function that asks a process that has imported a module of the user's."""

    def run(module: str, library: str = "") -> str:
        installed = tmp_path / "site-packages"
        installed.mkdir()
        (installed / "library.py").write_text(BEGIN + library)
        (tmp_path / "users.py").write_text("from library import *\n" + module)
        return ask(
            f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(installed)!r}]\nimport users"
        )

    return run


@pytest.mark.parametrize(
    ("module", "function"),
    [(CLOCK, "beat"), (QUEUE, "work"), ("task = begin(asyncio.sleep(60))", "sleep")],
    ids=["waits for the clock", "waits to be given something", "runs Python's code"],
)
def test_a_task_of_the_user_is_named(module, function, told):
    """Whatever it waits for: it is work that was begun, by the function that does it."""
    found = told(module)

    assert found.startswith(f"a task is under way in an event loop: {function} (/")
    assert re.search(r"\.py:\d+\)$", found)


def test_one_of_several_tasks_is_named(told):
    """A pool of a hundred tasks fills no screen."""
    found = told(TWO)

    assert found.startswith("a task is under way in an event loop: a (/")
    assert found.endswith("users.py:4), and 1 more")


@pytest.mark.parametrize(
    "module",
    ["", "task = begin(asyncio.sleep(0))", CLOSED],
    ids=["no task", "one that has ended", "one whose loop is closed"],
)
def test_a_loop_without_work_is_harmless(module, told):
    """It stands idle, as those of wider scope do, or will never run again."""
    assert told(module) == ""


PARKED = "async def wait(): await loop.create_future()\ntask = begin(wait())\n"
TIMED = "async def wait(): await asyncio.sleep(60)\ntask = begin(wait())\n"
CONNECTED = """
import socket
pair = socket.socketpair()
async def wait():
    pair[0].setblocking(False)
    await loop.sock_recv(pair[0], 1)
task = begin(wait())
"""


def test_a_task_of_a_library_is_harmless_in_a_loop_at_rest(told):
    """It waits to be given something, as the one in which anyio runs fixtures."""
    assert told("", PARKED) == ""


@pytest.mark.parametrize("library", [TIMED, CONNECTED], ids=["the clock", "a connection"])
def test_a_task_of_a_library_counts_where_something_is_awaited_from_outside(library, told):
    """It would happen in every child, and not here."""
    assert told("", library).startswith("a task is under way in an event loop: wait (")


def test_what_a_task_of_a_library_runs_for_the_user_is_the_users(told):
    """Task groups wrap what they are given; it is not their own code that is named."""
    module = "async def work(): await loop.create_future()\ntask = begin(wrap(work()))\n"
    found = told(module, "async def wrap(coroutine): return await coroutine\n")

    assert found.startswith("a task is under way in an event loop: work (")
    assert found.endswith("users.py:2)")


def test_a_running_loop_is_told_of():
    """Whoever runs pytest inside of a coroutine has it forked inside of one."""
    how = "async def main(): why()\nasyncio.run(main())"

    assert ask("import asyncio", how=how).startswith("an event loop is running in this thread")


def test_nobody_imports_asyncio_to_find_out():
    """A process that never used it does not pay for it."""
    assert ask("", how="why()\nimport sys; assert 'asyncio' not in sys.modules") == ""

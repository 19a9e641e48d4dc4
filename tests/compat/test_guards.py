"""Background threads of real libraries are recognised, and stopped as their owners would stop them."""

from __future__ import annotations

import pytest
from conftest import shown

SUITE = """
import concurrent.futures, threading, time
import pytest
EXECUTOR = []

def alive(name):
    return [thread for thread in threading.enumerate() if name in type(thread).__name__ + thread.name]

def test_tqdm():
    tqdm = pytest.importorskip("tqdm").tqdm
    list(tqdm(range(3), mininterval=0.0001, miniters=1))
    assert alive("TMonitor")

def test_posthog():
    posthog = pytest.importorskip("posthog")
    client = posthog.Posthog("key", host="http://127.0.0.1:9", sync_mode=False)
    assert alive("Consumer")

def test_executor():
    EXECUTOR.append(concurrent.futures.ThreadPoolExecutor(2, thread_name_prefix="pool"))
    EXECUTOR[0].submit(time.time).result()
    assert alive("pool")

def test_none_is_left():
    assert not alive("TMonitor") + alive("Consumer") + alive("pool")
"""


def test_known_threads_are_stopped(run, files):
    """What tqdm, posthog and an executor keep running: named, and gone before the next test."""
    pytest.importorskip("tqdm")
    pytest.importorskip("posthog")
    files({"test_threads.py": SUITE})
    finished = run("--isolate=session", "-p", "no:randomly", "-o", "isolate_guards=threads=restore")
    assert finished.tests == {"passed": 4}, shown(finished)
    told = finished.section("left behind")
    for what in ("tqdm's monitor", "posthog's consumer", "a thread of a ThreadPoolExecutor"):
        assert what in told, shown(finished)
    assert "could not be put back" not in told


INNOCENT = """
import asyncio, os, threading, unittest
import pytest

def setup_module(): os.environ["SET"] = "1"
def teardown_module(): del os.environ["SET"]

@pytest.mark.asyncio(loop_scope="session")
async def test_session_loop(): await asyncio.to_thread(int)

@pytest.mark.asyncio
async def test_own_loop(): await asyncio.sleep(0)

@pytest.fixture
def anyio_backend(): return "asyncio"

@pytest.mark.anyio
async def test_anyio(): await asyncio.sleep(0)

@pytest.mark.timeout(20)
def test_timeout(): pass

@pytest.mark.timeout(20, method="thread")
def test_timeout_by_thread(): pass

def test_mock(mocker):
    mocker.patch.dict(os.environ, A="1")
    mocker.patch("os.getcwd", return_value="/")

def test_fixtures(capfd, caplog, monkeypatch, tmp_path, recwarn):
    os.write(1, b"said")
    caplog.set_level(10)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)

class TestCase(unittest.TestCase):
    @classmethod
    def setUpClass(cls): os.environ["CLASS"] = "1"
    @classmethod
    def tearDownClass(cls): del os.environ["CLASS"]
    def test_case(self): pass
"""


def test_what_plugins_do_around_a_test_is_no_finding(run, files):
    """Loops, timers, mocks, capture and coverage are put back by those who made them."""
    for name in ("anyio", "pytest_asyncio", "pytest_cov", "pytest_mock", "pytest_timeout"):
        pytest.importorskip(name)
    files({"test_innocent.py": INNOCENT})
    finished = run(
        "--isolate=session", "-p", "no:randomly", "--cov=.", "-o", "isolate_guards=report",
        "-o", "asyncio_default_fixture_loop_scope=function",
    )  # fmt: skip
    assert finished.tests == {"passed": 8}, shown(finished)
    assert not finished.section("left behind"), shown(finished)


EVICTED = """
import sys
from unittest import mock

def test_evicts():
    with mock.patch.dict(sys.modules):
        import numpy

def test_imports_again():
    import numpy
"""


def test_numpy_that_was_evicted(run, files):
    """Its second import is explained by who evicted it; with `restore` there is none."""
    pytest.importorskip("numpy")
    files({"test_evicts.py": EVICTED})
    options = ("--isolate=session", "-p", "no:randomly", "-p", "no:hypothesispytest")

    told = run(*options, "-o", "isolate_guards=report")
    back = run(*options, "-o", "isolate_guards=modules=restore")

    assert told.tests == {"passed": 1, "failed": 1}, shown(told)
    assert "numpy was taken out of sys.modules by test_evicts.py::test_evicts (at" in told.out
    assert back.tests == {"passed": 2}, shown(back)

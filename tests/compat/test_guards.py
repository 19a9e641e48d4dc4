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

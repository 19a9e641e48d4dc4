"""Threads: named with what they run and who started them, and stopped as their owners would."""

from __future__ import annotations

import concurrent.futures
import http.server
import logging
import logging.handlers
import multiprocessing
import queue
import re
import sys
import threading

import pytest
from trial import Trial

from pytest_bulkhead.guards.threads import NativeThreads, Threads
from pytest_bulkhead.system.threads import unwatch_starts


@pytest.fixture
def threads():
    """Return the guard of threads, which notes who starts them."""
    guard = Threads()
    unwatch_starts()
    guard.attend()
    yield guard
    unwatch_starts()


def start_timer():
    threading.Timer(1000, print).start()


def start_pool():
    pool = concurrent.futures.ThreadPoolExecutor(1)
    pool.submit(int).result()
    return pool


def start_processes():
    context = multiprocessing.get_context("forkserver" if sys.platform == "linux" else "spawn")
    pool = concurrent.futures.ProcessPoolExecutor(1, context)
    pool.submit(int).result()
    return pool


def start_server():
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def start_listener():
    listener = logging.handlers.QueueListener(queue.Queue())
    listener.start()
    return listener


KINDS = {
    "a timer": start_timer,
    "a thread of a ThreadPoolExecutor": start_pool,
    "the manager of a ProcessPoolExecutor": start_processes,
    "a server": start_server,
    "a QueueListener of logging": start_listener,
}


@pytest.mark.parametrize("what", KINDS)
def test_known_threads_are_stopped(what, threads):
    """They are called by what they are, with the line that started them, and none is left."""
    one = Trial(threads)
    kept = KINDS[what]()

    said = one.end()
    assert any(f"({what}), started at {__file__}:" in text for text in said), said
    assert one.restore() == []
    del kept


def test_a_thread_that_nobody_knows(threads):
    """It is named by what it runs, and is left alone; somebody who is asked may know how."""
    event = threading.Event()
    one = Trial(threads)
    thread = threading.Thread(target=event.wait, name="mine", daemon=True)
    thread.start()

    (text,) = one.end()
    where = rf"{re.escape(__file__)}:\d+"
    assert re.fullmatch(
        rf"the thread mine \(threading.Event.wait\), started at {where} is alive", text
    )
    assert one.restore() == [text]
    threads.ask = lambda asked: asked is thread and not event.set()
    assert one.restore() == []


def test_a_thread_that_is_about_to_end(threads):
    """Who is gone a moment later was not left."""
    one = Trial(threads)
    threading.Thread(target=int).start()

    assert one.end() == []


def test_threads_that_python_does_not_know():
    """They are counted by name; one of Python's is none of them."""
    native = NativeThreads()
    one = Trial(native)
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()

    assert one.end() == []
    event.set()
    thread.join()
    assert list(native.differences({}, {"7": "pool", "8": "pool", "9": "other"})) == [
        "3 native threads more than before: other, pool"
    ]

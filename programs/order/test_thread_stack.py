"""Threads are given tiny stacks from here on; a later one overflows its own, in C."""

import json
import threading


def test_before():
    thread = threading.Thread(target=json.loads, args=("[]",))
    thread.start()
    thread.join()


def test_shrinks_stacks():
    threading.stack_size(64 * 1024)


def test_between():
    assert json.loads("[" * 500 + "]" * 500)


def test_victim():
    thread = threading.Thread(target=json.loads, args=("[" * 500 + "]" * 500,))
    thread.start()
    thread.join()

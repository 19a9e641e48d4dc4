"""A crash in a finaliser comes when the collector runs: the run dies in an innocent test.

With a process for each test and a collection at its end, it is an error of the test that did it.
"""

import gc

from buffers import Buffer


def test_close():
    Buffer(10_000).close()


def test_innocent():
    assert gc.collect() >= 0

"""A forked process has torch make its pool before a thread of a test may ask for it.

Two threads that ask first, and at once, would break in one of ten forks; so what torch is asked is
looked at, on a stand-in. The real one is used so in `examples/stories/semantic_search`.
"""

from __future__ import annotations

import pytest
from conftest import shown

TORCH = """
import os
asked = []
def get_num_threads():
    return {threads}
def set_num_threads(number):
    asked.append((os.getpid(), number))
"""

TESTS = """
import os
import torch

def test_one():
    assert torch.asked == {asked}

def test_two():
    assert torch.asked == {asked}
"""


@pytest.mark.parametrize("level", ["session", "function"])
def test_pool_of_one_thread_is_made_anew_in_each_process(level, files, run):
    """Workers, and processes of a single test, that inherit a pool of one thread ask once more."""
    files({"torch.py": TORCH.format(threads=1)})
    files({"test_it.py": TESTS.format(asked="[*torch.asked[:-1], (os.getpid(), 1)]")})
    finished = run(f"--isolate={level}")
    assert finished.tests == {"passed": 2}, shown(finished)
    assert "forked from the template" in finished.out


def test_pool_of_more_threads_is_left_alone(files, run):
    """Where no number was set, asking would start threads in each process."""
    files({"torch.py": TORCH.format(threads=2), "test_it.py": TESTS.format(asked="[]")})
    finished = run("--isolate=function")
    assert finished.tests == {"passed": 2}, shown(finished)

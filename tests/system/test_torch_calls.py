"""Specification of `system.torch_calls`, with a torch and a CUDA driver that are built here."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_bulkhead.system import linux

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="nothing is forked elsewhere")

PROLOGUE = """
import os, sys
from pytest_bulkhead.system.accelerators import accelerators_in_use, is_cuda_in_use
from pytest_bulkhead.system.torch_calls import unwatch_torch, watch_torch

def who():
    return accelerators_in_use().value[0].blamed
"""


@pytest.fixture
def tell(torch_with_cuda, tmp_path):
    """Return a function that runs code in a process with that torch, and returns what it prints."""

    def run(code: str) -> list[str]:
        script = tmp_path / "script.py"
        script.write_text(PROLOGUE + code)
        environ = {"PYTHONPATH": f"{torch_with_cuda}:{':'.join(filter(None, sys.path))}"}
        command = [sys.executable, script]
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        assert not done.stderr, done.stderr
        return done.stdout.replace(str(script), "script.py").splitlines()

    return run


def test_counting_leaves_the_process_clean(tell):
    """A child counts, anew where other devices are shown; what was there comes back in the end."""
    told = tell("""
watch_torch()
import torch
forks = []
os.register_at_fork(after_in_parent=lambda: forks.append(1))
print(torch._C._cuda_getDeviceCount(), torch.cuda.is_available(), len(forks), is_cuda_in_use())
os.environ["CUDA_VISIBLE_DEVICES"] = ""
print(torch.cuda.is_available(), len(forks), is_cuda_in_use())
del os.environ["CUDA_VISIBLE_DEVICES"]
unwatch_torch()
print(torch.cuda.is_available(), len(forks), is_cuda_in_use())
""")

    assert told == ["2 True 1 False", "False 2 False", "True 2 True"]


def test_so_does_asking_what_a_device_can_do(tell):
    """Once for each question; who has imported a function has torch's own in the end."""
    told = tell("""
watch_torch()
import torch
from torch.cuda import get_device_capability
function, code = get_device_capability, torch.cuda.get_device_capability.__code__
forks = []
os.register_at_fork(after_in_parent=lambda: forks.append(1))
print(get_device_capability(), torch.cuda.get_device_capability(), len(forks))
print(vars(torch.cuda.get_device_properties(device=1)), torch.cuda.is_bf16_supported())
print(is_cuda_in_use())
unwatch_torch()
print(function is torch.cuda.get_device_capability, function.__code__.co_varnames)
print(torch.cuda.get_device_capability(1), len(forks), is_cuda_in_use())
""")

    assert told == [
        "(9, 0) (9, 0) 1",
        "{'major': 9, 'minor': 0, 'name': 'device 1'} True",
        "False",
        "True ('device', 'properties')",
        "(9, 0) 3 True",
    ]


def test_a_question_that_cannot_be_answered(tell):
    """It raises here what it raises, and whoever asked it has initialised CUDA."""
    told = tell("""
watch_torch()
import torch
try:
    torch.cuda.get_device_properties(9)
except AssertionError as problem:
    print(problem)
print(who())
""")

    assert told == [
        "Invalid device id",
        "script.py:12 called torch.cuda.get_device_properties()",
    ]


def test_where_a_child_cannot_count_the_process_does(tell):
    """The answer is right all the same, and who asked for it is named."""
    told = tell("""
import torch
count, parent = torch._C._cuda_getDeviceCount, os.getpid()
torch._C._cuda_getDeviceCount = lambda: count() if os.getpid() == parent else os._exit(255)
watch_torch()
print(torch.cuda.is_available(), is_cuda_in_use())
print(who())
""")

    assert told == ["True True", "script.py:13 called torch.cuda.is_available()"]


def test_a_package_that_initialises_cuda_is_named(tell):
    """By the user's line that imported it."""
    told = tell("watch_torch()\nimport kernels\nprint(who())\n")

    assert told == ["script.py:9 imported kernels"]

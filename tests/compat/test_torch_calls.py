"""The real torch comes to CUDA's driver by the ways that we watch, and by no others."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from pytest_bulkhead.system.torch_calls import ASKED, COUNT, EXTENSION, INITIALISE, QUESTIONS

#: The wheel that is tested with has no CUDA, and its extension neither function: they are put there.
CODE = f"""
import inspect, sys
from pytest_bulkhead.system import natives, torch_calls
torch_calls.watch_torch()
import torch
extension = natives.loaded_natives()[{EXTENSION!r}].module
assert extension is torch._C
names = list(sys.modules)
assert names.index({EXTENSION!r}) < names.index({ASKED!r})
calls = []
torch._C.{COUNT} = lambda: calls.append("count") or 0
torch._C.{INITIALISE} = lambda: calls.append("initialise")
torch_calls.watch_torch()
assert tuple(torch_calls._questions) == {QUESTIONS}
torch.cuda.is_available()
torch.cuda._cudart = True
try:
    torch.cuda.init()
except Exception:
    pass  # it goes on to what is not there
print(*calls)
"""


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed")
def test_torch_goes_these_ways():
    """Its extension is seen when it is loaded, both functions are looked up in it each time.

    And all questions are plain functions of a module that is imported after it.
    """
    command = [sys.executable, "-c", CODE]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    assert done.returncode == 0, done.stderr
    # A child counted first, in vain: there is nothing to count.
    assert done.stdout.split() == ["count", "initialise"]

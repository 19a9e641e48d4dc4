"""A file that asks torch for a GPU when it is imported costs no fork, or its line is named."""

from __future__ import annotations

import re

import pytest
from conftest import shown

from pytest_bulkhead.system import linux

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="nothing is forked elsewhere")

GATE = """
import pytest, torch

@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
@pytest.mark.skipif(
    torch.cuda.is_available() and torch.cuda.get_device_capability() < (8, 0), reason="too old")
def test_gpu():
    torch.cuda.init()
    assert torch.cuda.is_available()
"""
#: Nothing of this file's own is in the way to the driver.
GENERIC = """
import ctypes, torch
ctypes.CDLL("libcuda.so.1").cuInit(0)
def test_gpu(): torch.cuda.init()
"""
PLAIN = "def test_plain(): pass\n"


def test_a_gate_does_not_keep_tests_from_being_forked(run, files, torch_with_cuda):
    """Neither in the conftest nor in a file; tests find a driver that they can use."""
    conftest = "import torch\nassert torch.cuda.is_available()\n"
    report = "def pytest_report_header(): return f'a GPU: {torch.cuda.is_available()}'\n"
    files({"conftest.py": conftest + report, "test_a.py": GATE, "test_b.py": PLAIN})

    finished = run("--isolate=function", PYTHONPATH=torch_with_cuda)

    assert finished.counts == {"passed": 2}, shown(finished)
    assert "forked from the template" in finished.out
    assert "a GPU: True" in finished.out


def test_a_gate_without_a_gpu(run, files, torch_with_cuda):
    """It is as in plain pytest where there is no device."""
    files({"test_a.py": GATE, "test_b.py": PLAIN})

    finished = run("--isolate=session", PYTHONPATH=torch_with_cuda, CUDA_VISIBLE_DEVICES="")

    assert finished.counts == {"passed": 1, "skipped": 1}, shown(finished)
    assert "forked from the template" in finished.out


@pytest.mark.parametrize(
    ("name", "text", "blamed"),
    [
        (
            "test_gate.py",
            GATE.replace("is_available", "init", 1),
            r"\S+/test_gate\.py:4 called torch\.cuda\.init\(\)",
        ),
        ("test_gate.py", GENERIC, r"since test_gate\.py was collected"),
        ("sub/conftest.py", GENERIC, r"since sub was collected"),
        (
            "conftest.py",
            "import ctypes\ndef pytest_configure(): ctypes.CDLL('libcuda.so.1').cuInit(0)\n",
            "since a conftest or plugin was loaded, before any file was collected",
        ),
    ],
    ids=["torch", "file", "folder", "plugin"],
)
def test_who_initialises_cuda_is_named(
    name, text, blamed, run, files, torch_with_cuda, cuda_driver
):
    """By line and call where torch was asked, else by file or folder; tests run all the same."""
    files({name: text, "sub/test_b.py": PLAIN})

    drivers = str(cuda_driver.parent)
    finished = run("--isolate=session", PYTHONPATH=torch_with_cuda, LD_LIBRARY_PATH=drivers)

    told = rf"spawned \(CUDA is initialised in this process, says \S.*libcuda\.so\.1: {blamed}; "
    assert re.search(told, finished.out), shown(finished)
    assert finished.code == 0
    assert "own process holds" not in finished.out


def test_a_controller_that_holds_a_device_is_told(run, files, torch_with_cuda):
    """With the line that did it: no test can have such a device where it is exclusive."""
    conftest = "import torch\ndef pytest_report_header(): torch.cuda.synchronize()\n"
    files({"conftest.py": conftest, "test_b.py": PLAIN})

    finished = run("--isolate=session", PYTHONPATH=torch_with_cuda)

    told = r"isolate: pytest's own process holds device 0 of CUDA: \S+conftest\.py:2 called "
    assert re.search(told + r"torch\.cuda\.synchronize\(\); no test can", finished.out)
    assert finished.counts == {"passed": 1}, shown(finished)

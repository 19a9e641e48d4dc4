"""Specification of `system.accelerators`, with drivers that are built here."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from asking import ask

from pytest_bulkhead.system import linux

pytestmark = [
    pytest.mark.skipif(not linux.ON_LINUX, reason="libraries are listed in /proc on Linux only"),
    pytest.mark.skipif(not shutil.which("gcc"), reason="gcc is not there to build a driver"),
]

#: As CUDA's does: what every call answers before cuInit.
CUDA = """
static int ready;
int cuInit(unsigned flags) { ready = 1; return 0; }
int cuDeviceGetCount(int *count) { if (!ready) return 3; *count = 1; return 0; }
"""


@pytest.fixture
def load(tmp_path):
    """Return a function that builds a library and returns the code that loads it as `driver`."""

    def build(name: str, source: str) -> str:
        folder = tmp_path / "drivers of mine"
        folder.mkdir()
        (folder / "driver.c").write_text(source)
        subprocess.run(
            ["gcc", "-shared", "-fPIC", "-o", name, "driver.c"], cwd=folder, timeout=60, check=True
        )
        return f"import ctypes; driver = ctypes.CDLL({str(folder / name)!r})\n"

    return build


def test_cuda_is_in_use_from_its_initialisation_on(load):
    """Its driver is asked, in a way that does not initialise it; loading it is harmless."""
    loaded = load("libcuda.so.1", CUDA)

    assert ask(loaded) == ""
    assert ask(loaded, how="from pytest_bulkhead.system.forkability import gather_facts\n"
               "gather_facts(); gather_facts(); why()") == ""  # fmt: skip
    told = ask(loaded + "driver.cuInit(0)\n")
    assert told.startswith("CUDA is initialised in this process, says /")
    assert told.endswith("/drivers of mine/libcuda.so.1")


def test_a_cuda_that_does_not_answer_is_not_taken_for_an_idle_one(load):
    """A stub or a driver of another kind: nothing is proven."""
    told = ask(load("libcuda.so", "int nothing;"))
    assert told.startswith("CUDA is loaded, and does not say whether it is in use: ")


@pytest.mark.parametrize(
    ("accelerator", "name"), [("ROCm", "libamdhip64.so.6"), ("XPU", "libze_loader.so.1")]
)
def test_a_driver_that_cannot_be_asked_is_not_taken_for_an_idle_one(accelerator, name, load):
    """Nobody knows whether it is in use, so the process is not forked."""
    told = ask(load(name, "int nothing;"))
    assert told.startswith(f"{accelerator} is loaded, and cannot be asked whether it is in use (/")


def test_other_libraries_are_not_asked(load):
    """CUDA's runtime is loaded by every torch, and uses nothing by itself."""
    assert ask(load("libcudart.so.12", "int nothing;")) == ""

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


def test_cuda_has_three_states(cuda_driver):
    """It is clean while it is only loaded and asked, then initialised, then holds a device."""
    loaded = f"import ctypes; driver = ctypes.CDLL({str(cuda_driver)!r})\n"
    initialised = loaded + "driver.cuInit(0)\n"

    assert ask(loaded) == ""
    assert ask(loaded, how="from pytest_bulkhead.system.forkability import gather_facts\n"
               "gather_facts(); gather_facts(); why()") == ""  # fmt: skip
    told = f"in this process, says {cuda_driver}"
    assert ask(initialised) == f"CUDA is initialised {told}"
    holding = "driver.cuDevicePrimaryCtxRetain(ctypes.byref(ctypes.c_void_p()), 1)\n"
    assert ask(initialised + holding) == f"CUDA holds device 1 {told}"


def test_it_can_be_asked_cheaply(cuda_driver):
    """Whether CUDA is in use can be asked of a process that has not loaded it, or by another path."""
    asked = "from pytest_bulkhead.system.accelerators import is_cuda_in_use\n"
    for step in (
        "import ctypes",
        f"driver = ctypes.CDLL({str(cuda_driver)!r})",
        "driver.cuInit(0)",
    ):
        asked += f"{step}\nprint(is_cuda_in_use())\n"

    assert ask(asked, how="").split() == ["False", "False", "True"]


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

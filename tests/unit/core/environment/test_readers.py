"""Specification of `core.environment.readers`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.environment.profiles import PROFILES
from pytest_bulkhead.core.environment.readers import needs_pools, reader_of, too_late

NUMPY = {"openblas": "numpy"}


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("the interpreter", "PYTHONHASHSEED"),
        ("the interpreter", "PYTHONMALLOC"),
        (None, "PYTHONBREAKPOINT"),
        (None, "PYTHONPATH"),
        ("the dynamic loader", "LD_PRELOAD"),
        ("the dynamic loader", "LD_LIBRARY_PATH"),
        ("the allocator", "MALLOC_ARENA_MAX"),
        ("OpenMP", "OMP_NUM_THREADS"),
        ("OpenBLAS", "OPENBLAS_NUM_THREADS"),
        ("huggingface_hub", "HF_HUB_OFFLINE"),
        ("datasets", "HF_DATASETS_OFFLINE"),
        ("torch", "PYTORCH_ALLOC_CONF"),
        (None, "PYTORCH_NVML_BASED_CUDA_CHECK"),
        (None, "TOKENIZERS_PARALLELISM"),
        (None, "MINE"),
    ],
)
def test_who_reads_a_variable_once(name, variable):
    """By the longest beginning that is known; None for what is read whenever it is needed."""
    reader = reader_of(variable)

    assert name == (reader.name if reader else None)


def test_what_is_read_at_the_start_is_always_late():
    """Whatever is loaded: this process has started."""
    (late,) = too_late(["PYTHONHASHSEED", "MINE"], (), {})

    assert "PYTHONHASHSEED is read by the interpreter when the process starts" == late.why


def test_what_a_loaded_library_reads_is_late():
    """The library's variable, not that of one which is not loaded."""
    (late,) = too_late(["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"], (), NUMPY)

    assert ("OPENBLAS_NUM_THREADS", "numpy") == (late.variable, late.module)
    assert "OPENBLAS_NUM_THREADS is read when OpenBLAS is loaded, which numpy had done" == late.why
    assert "which numpy, imported at a.py:3, had done" in late._replace(place="a.py:3").why


def test_a_library_of_nobody():
    """A library that belongs to no package that is known was loaded by somebody."""
    (late,) = too_late(["OMP_NUM_THREADS"], (), {"openmp": ""})

    assert "OMP_NUM_THREADS is read when OpenMP is loaded, which somebody had done" == late.why


def test_what_an_imported_module_reads_is_late():
    """The module is its own culprit, or has its reader built in, as torch has MKL."""
    modules = {"huggingface_hub", "torch"}

    hub, mkl = too_late(["HF_HUB_OFFLINE", "MKL_NUM_THREADS", "JAX_PLATFORMS"], modules, {})

    place = "a.py:3"
    was = "HF_HUB_OFFLINE is read when huggingface_hub is imported, as it had been at a.py:3"
    assert was == hub._replace(place=place).why
    assert "MKL_NUM_THREADS is read when MKL is loaded, which torch had done" == mkl.why


def test_when_loaded_libraries_must_be_known():
    """Only for variables of native libraries: finding those costs an import."""
    assert needs_pools(["MINE", "OMP_NUM_THREADS"])
    assert not needs_pools(["MINE", "HF_HUB_OFFLINE", "PYTHONHASHSEED"])
    assert [name for name, profile in PROFILES.items() if needs_pools(
        [line.name for line in profile.lines]
    )] == ["single-thread"]  # fmt: skip

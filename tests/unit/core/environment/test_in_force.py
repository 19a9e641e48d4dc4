"""Specification of `core.environment.in_force`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.environment.in_force import Pool, Seen, Torch, differences
from pytest_bulkhead.core.environment.merged import merge
from pytest_bulkhead.core.environment.readers import too_late

CALM = merge(["single-thread"], {})
CPU = merge(["cpu"], {})


def told(asked, late=(), **seen):
    return [
        found.text
        for found in differences(asked, late, Seen(**{"variables": asked.variables, **seen}))
    ]


def test_all_is_as_it_was_asked_for():
    """Nothing is told, whatever is loaded."""
    pools = (Pool("openmp", 1, "/libgomp.so"), Pool("openblas", 1, "/libopenblas.so"))

    assert [] == told(CALM, pools=pools, torch=Torch(1, "cpu"))
    assert [] == told(CPU, torch=Torch(8, "cpu"))


@pytest.mark.parametrize(
    ("text", "wanted", "value", "place"),
    [
        ("A is '2', not '1'", "1", "2", ""),
        ("A is unset, not '1', changed at c.py:3", "1", None, "c.py:3"),
        ("A is '', not unset", None, "", ""),
    ],
)
def test_a_variable_that_somebody_changed(text, wanted, value, place):
    """Both values are told, and who changed it."""
    (found,) = differences(
        merge([], {"A": wanted}), (), Seen(variables={"A": value}, changed_at={"A": place})
    )

    assert (text, place) == found


def test_a_pool_that_is_larger():
    """The library is named; fewer threads than asked for are no harm."""
    four = merge([], {"OMP_NUM_THREADS": "4", "OPENBLAS_NUM_THREADS": "4"})
    pools = (Pool("openmp", 8, "/libgomp.so"), Pool("openblas", 2, "/b.so"), Pool("other", 8, ""))

    assert ["OpenMP has 8 threads, not 4 (/libgomp.so)"] == told(four, pools=pools)


def test_a_pool_that_was_loaded_too_early():
    """Who loaded it is to blame; when its limit was reached all the same, nobody is."""
    late = [
        one._replace(place="p.py:3")
        for one in too_late(["OPENBLAS_NUM_THREADS"], (), {"openblas": "numpy"})
    ]
    seen = Seen(variables=CALM.variables, pools=(Pool("openblas", 2, "/b.so"),))

    (found,) = differences(CALM, late, seen)

    assert "p.py:3" == found.place
    assert found.text.startswith("OpenBLAS has 2 threads, not 1 (/b.so); OPENBLAS_NUM_THREADS is")
    assert [] == told(CALM, late, pools=(Pool("openblas", 1, "/b.so"),))


def test_torch_has_threads_of_its_own():
    """Only where torch was to be limited."""
    assert ["torch has 2 threads, not 1"] == told(CALM, torch=Torch(2, "cpu"))
    assert [] == told(merge([], {"OMP_NUM_THREADS": "1"}), torch=Torch(2, "cpu"))


def test_devices():
    """A default device that is no cpu, and devices that CUDA had found before."""
    assert ["torch's default device is cuda, not cpu"] == told(CPU, torch=Torch(1, "cuda"))
    assert [] == told(CALM, torch=Torch(1, "cuda"))
    (text,) = told(CPU, cuda_devices=2)
    assert "2 device(s)" in text
    assert [] == told(CALM, cuda_devices=2)


def test_what_is_read_at_the_start_needs_another_process():
    """Without isolation it cannot be in force, and the text says what helps."""
    asked = merge([], {"PYTHONHASHSEED": "0", "HF_HUB_OFFLINE": "1"})
    late = list(too_late(asked.variables, {"huggingface_hub"}, {}))

    start, module = told(asked, late)

    assert "with --isolate, tests run in a process that began with it" in start
    assert "import that later, or use --isolate" in module


def test_what_should_not_be_set():
    """Names that nobody reads, or that hide a fault; unsetting them is fine."""
    (text,) = told(merge([], {"PYTORCH_MPS_FORCE_CPU": "1", "KMP_DUPLICATE_LIB_OK": None}))

    assert "PyTorch has no such variable" in text

"""Specification of `core.devices`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.devices import Device, visible_devices
from pytest_bulkhead.core.known import Known, Unknown

SMALL, LARGE, MIDDLE = (Device(f"GPU-{name}", size, "8.0") for name, size in (("aa1", 8), ("ab2", 80), ("b", 24)))  # fmt: skip
ALL = Known((SMALL, LARGE, MIDDLE), "NVML")


@pytest.mark.parametrize(
    ("variable", "seen"),
    [
        (None, (SMALL, LARGE, MIDDLE)),
        ("", ()),
        ("-1", ()),
        ("NoDevFiles", ()),
        ("0", (SMALL,)),
        (" 1 , 0 ", (LARGE, SMALL)),
        ("2,7,0", (MIDDLE,)),
        ("1,1", ()),
        ("GPU-ab", (LARGE,)),
        ("GPU-a", ()),
        ("GPU-b,1", (MIDDLE, LARGE)),
        ("b", ()),
    ],
)
def test_the_variable_is_read_as_cuda_reads_it(variable, seen):
    """Numbers and the beginnings of UUIDs; what names nothing hides itself and what follows."""
    found = visible_devices(ALL, variable, in_bus_order=True)
    assert isinstance(found, Known)
    assert seen == found.value
    assert found.source == ("NVML" if variable is None else f"NVML, CUDA_VISIBLE_DEVICES={variable}")  # fmt: skip


@pytest.mark.parametrize(
    ("variable", "seen"), [("0", (SMALL,)), ("1,0", (SMALL, MIDDLE)), ("GPU-ab2", (LARGE,))]
)
def test_numbers_in_an_order_that_only_cuda_knows_mean_the_least_they_can(variable, seen):
    """Never more memory than what a process may turn out to have."""
    found = visible_devices(ALL, variable, in_bus_order=False)
    assert isinstance(found, Known)
    assert seen == found.value


def test_slices_of_a_gpu_are_not_guessed_at():
    """A MIG device is named, or one of the GPUs is cut: what a process gets is not known."""
    cut = Known((SMALL, Device("GPU-c", 80, "9.0", sliced=True)), "NVML")

    assert isinstance(visible_devices(ALL, "MIG-1234", in_bus_order=True), Unknown)
    assert isinstance(visible_devices(cut, None, in_bus_order=True), Unknown)
    assert isinstance(visible_devices(cut, "0", in_bus_order=True), Known)

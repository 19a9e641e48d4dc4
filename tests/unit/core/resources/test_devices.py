"""Specification of `core.resources.devices`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.known import Known, Unknown
from pytest_bulkhead.core.resources.devices import Device, together, visible_devices

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


PARTS = tuple(Device(f"MIG-{name}", size, "9.0") for name, size in (("aa", 40), ("ab", 10), ("c", 20)))  # fmt: skip
CUT = Device("GPU-c", 80, "9.0", slices=PARTS[:2])
ALL_CUT = Known((CUT, Device("GPU-d", 80, "9.0", slices=PARTS[2:])), "NVML")


@pytest.mark.parametrize(
    ("variable", "seen"),
    [
        (None, ["MIG-ab"]),
        ("0", ["MIG-ab"]),
        ("GPU-d", ["MIG-c"]),
        ("0,1", ["MIG-ab"]),
        ("", []),
        ("MIG-aa", ["MIG-aa"]),
        (" MIG-c,MIG-aa", ["MIG-c"]),
        ("MIG-a", []),
        ("MIG-x,MIG-c", []),
    ],
)
def test_a_process_sees_one_mig_device(variable, seen):
    """That which is named first; of a GPU that is named, or where nothing is, the smallest."""
    found = visible_devices(ALL_CUT, variable, in_bus_order=True)
    assert isinstance(found, Known)
    assert seen == [one.uuid for one in found.value]


def test_a_gpu_that_is_cut_and_has_no_parts_is_none():
    """As after a reboot, when nobody has made the MIG devices anew."""
    bare = Known((Device("GPU-c", 80, "9.0", slices=()),), "NVML")
    assert visible_devices(bare, None, in_bus_order=True) == Known(
        (), "NVML, one MIG device for each process"
    )


def test_beside_a_gpu_that_is_not_cut_only_cuda_knows():
    """Unless one of both is named."""
    mixed = Known((SMALL, CUT), "NVML")

    assert isinstance(visible_devices(mixed, None, in_bus_order=True), Unknown)
    assert visible_devices(mixed, "0", in_bus_order=True).value == (SMALL,)
    assert visible_devices(mixed, "MIG-aa", in_bus_order=True).value == PARTS[:1]


def test_kinds_count_together():
    """A kind that is unknown matters only where there is nothing else."""
    none, unknown = Known((), "kfd"), Unknown("nobody knows")
    assert together([ALL, none]) == Known(ALL.value, "NVML, kfd")
    assert together([unknown, ALL]) == ALL
    assert together([unknown, none]) == unknown
    assert together([none, none]) == Known((), "kfd, kfd")

"""Specification of `system.kernel_devices`, in trees of files that stand for the kernel's."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.known import Known, Unknown
from pytest_bulkhead.system.kernel_devices import rocm_devices, tpu_devices, xpu_devices
from pytest_bulkhead.system.machine import ThisMachine

NODES = "sys/class/kfd/kfd/topology/nodes"
#: A processor, a card with its memory in two heaps, one without its own, and one that we may not use.
KFD = {
    "dev/kfd": "",
    f"{NODES}/0/gpu_id": "0",
    f"{NODES}/0/properties": "cpu_cores_count 16\nsimd_count 0",
    f"{NODES}/10/gpu_id": "77",
    f"{NODES}/10/properties": "simd_count 8\nunique_id 2",
    f"{NODES}/10/mem_banks/0/properties": "heap_type 0\nsize_in_bytes 99",
    f"{NODES}/2/gpu_id": "51",
    f"{NODES}/2/properties": "simd_count 416\nunique_id 171\nname 1 2 3",
    f"{NODES}/2/mem_banks/0/properties": "heap_type 1\nsize_in_bytes 60",
    f"{NODES}/2/mem_banks/1/properties": "heap_type 2\nsize_in_bytes 4",
    f"{NODES}/3/properties": "simd_count 416",
}
FIRST, SECOND = ("GPU-00000000000000ab", 64), ("GPU-0000000000000002", None)


@pytest.mark.parametrize(
    ("environ", "seen"),
    [
        ({}, [FIRST, SECOND]),
        ({"ROCR_VISIBLE_DEVICES": "1"}, [SECOND]),
        ({"ROCR_VISIBLE_DEVICES": "GPU-00000000000000ab"}, [FIRST]),
        ({"ROCR_VISIBLE_DEVICES": "1,0", "HIP_VISIBLE_DEVICES": "0"}, [SECOND]),
        ({"HIP_VISIBLE_DEVICES": "0", "CUDA_VISIBLE_DEVICES": ""}, [FIRST]),
        ({"CUDA_VISIBLE_DEVICES": ""}, []),
    ],
)
def test_amds_gpus_are_the_nodes_of_its_driver(environ, seen, tree, monkeypatch):
    """In their order, with their own memory, as far as the variables of ROCm, HIP and CUDA show them."""
    for name in ("ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    found = rocm_devices(tree(KFD))

    assert isinstance(found, Known)
    assert [(one.uuid, one.memory) for one in found.value] == seen
    assert found.source.startswith(f"/{NODES}")


def test_amds_gpus_that_cannot_be_opened_are_unknown(tree):
    """As for a user who is not in the group that may; without the driver there are none."""
    shut = rocm_devices(tree({name: text for name, text in KFD.items() if name != "dev/kfd"}))
    assert isinstance(shut, Unknown)
    assert "/dev/kfd" in shut.reason
    assert rocm_devices("/nowhere") == Known((), f"/{NODES}")


def test_whether_intels_gpu_computes_is_unknown(tree):
    """Most processors of theirs have one; where there is none, that is known."""
    matrox = {"sys/class/drm/card0/device/vendor": "0x102b"}
    assert xpu_devices(tree(matrox)) == Known((), "/sys/class/drm")
    intel = {"sys/class/drm/card1/device/vendor": "0x8086"}
    assert isinstance(xpu_devices(tree(intel)), Unknown)


def test_tpus_are_told_from_other_cards_of_their_maker(tree):
    """By what they are on the PCI bus."""
    cards = {"0000:00:04.0": ("0x1ae0", "0x0042"), "0000:00:05.0": ("0x1ae0", "0x0063"), "0000:00:06.0": ("0x8086", "0x0063")}  # fmt: skip
    files = {}
    for name, (vendor, device) in cards.items():
        files[f"sys/bus/pci/devices/{name}/vendor"] = vendor
        files[f"sys/bus/pci/devices/{name}/device"] = device
    found = tpu_devices(tree(files))

    assert isinstance(found, Known)
    assert [one.uuid for one in found.value] == ["0000:00:05.0"]


@pytest.mark.parametrize("kind", ["rocm", "xpu", "mps", "tpu"])
def test_this_machine_answers_for_each_kind(kind):
    """With devices, or with a reason; of a kind without a driver with none."""
    found = ThisMachine("").devices(kind)
    assert found.reason if isinstance(found, Unknown) else found.source

"""Accelerators that are not NVIDIA's, as far as the kernel lists them: nothing is brought into use.

Read in files, from below a folder that stands for `/`. Not by the libraries of their makers: those
have to fit the driver, and some open the device to count it.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.resources.devices import Device, Devices, visible_devices

_NODES = "sys/class/kfd/kfd/topology/nodes"

#: Heaps of AMD's driver that are a card's own memory: visible to the machine, and not.
_OWN_HEAPS = ("1", "2")

#: Vendors on the PCI bus.
_INTEL, _GOOGLE = "0x8086", "0x1ae0"

#: What Google's TPUs have on the PCI bus, v3 to v7: the table by which jax (0.10) counts them. The
#: vendor alone is no sign of one: it has other cards as well.
_TPUS = {"0x0027", "0x0056", "0x005e", "0x0062", "0x0063", "0x006f", "0x0076"}


def rocm_devices(root: str = "/") -> Fact[Devices]:
    """Return AMD's GPUs, as far as ROCm's and HIP's variables show them."""
    devices = tuple(_rocm_nodes(Path(root, _NODES)))
    found: Fact[Devices] = Known(devices, f"/{_NODES}")
    if devices and not os.access(Path(root, "dev/kfd"), os.R_OK | os.W_OK):
        return Unknown("AMD's GPUs are there, but /dev/kfd cannot be opened")
    # HIP reads CUDA's variable where its own is not set.
    hip = "HIP_VISIBLE_DEVICES" if "HIP_VISIBLE_DEVICES" in os.environ else "CUDA_VISIBLE_DEVICES"
    for name in ("ROCR_VISIBLE_DEVICES", hip):
        if isinstance(found, Known) and name in os.environ:
            found = visible_devices(found, os.environ[name], in_bus_order=True, name=name)
    return found


def _rocm_nodes(folder: Path) -> Iterator[Device]:
    nodes = [path for path in folder.glob("*") if path.name.isdecimal()]
    for node in sorted(nodes, key=lambda path: int(path.name)):
        # Of one that a container may not use, the kernel refuses to tell.
        with contextlib.suppress(OSError):
            if _text(node / "gpu_id") != "0":
                number = int(_properties(node).get("unique_id", "0"))
                yield Device(f"GPU-{number:016x}", _own_memory(node) or None)


def _own_memory(node: Path) -> int:
    banks = [_properties(bank) for bank in node.glob("mem_banks/*")]
    return sum(int(one["size_in_bytes"]) for one in banks if one.get("heap_type") in _OWN_HEAPS)


def _properties(folder: Path) -> dict[str, str]:
    """Return what a file of lines `name value` says."""
    lines = [line.split() for line in _text(folder / "properties").splitlines()]
    return {words[0]: words[1] for words in lines if len(words) == 2}


def xpu_devices(root: str = "/") -> Fact[Devices]:
    """Return none where there is no GPU of Intel's; whether one computes, only Level Zero knows."""
    for card in sorted(Path(root, "sys/class/drm").glob("card*/device/vendor")):
        if _text(card) == _INTEL:
            return Unknown("whether Intel's GPU can compute is only known to who promises it")
    return Known((), "/sys/class/drm")


def tpu_devices(root: str = "/") -> Fact[Devices]:
    """Return Google's TPUs on the PCI bus."""
    bus = Path(root, "sys/bus/pci/devices")
    vendors = sorted(path for path in bus.glob("*/vendor") if _text(path) == _GOOGLE)
    names = [path.parent.name for path in vendors if _text(path.parent / "device") in _TPUS]
    return Known(tuple(Device(name, None) for name in names), "/sys/bus/pci")


def _text(path: Path) -> str:
    return path.read_text(encoding="ascii").strip()

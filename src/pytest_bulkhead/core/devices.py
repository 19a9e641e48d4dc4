"""The GPUs of a machine, and which of them a process may use.

Knows nothing of NVML, which lists all of them whatever the process may use.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pytest_bulkhead.core.known import Fact, Known, Unknown


@dataclass(frozen=True)
class Device:
    """One GPU."""

    #: As the driver names it: `GPU-8f6d...`.
    uuid: str
    #: Bytes, in use or not; None for one that has none of its own.
    memory: int | None
    #: The compute capability, as `8.6`.
    capability: str
    #: It is cut into MIG devices, and a process gets one of those.
    sliced: bool = False


Devices = tuple[Device, ...]


def visible_devices(
    devices: Known[Devices], variable: str | None, *, in_bus_order: bool
) -> Fact[Devices]:
    """Return the GPUs that CUDA would show to a process.

    By its rules: an entry that names nothing hides itself and all that follow it, and none is to
    be named twice.

    Args:
        devices: all of the machine, in the order of the bus.
        variable: `CUDA_VISIBLE_DEVICES`, None when it is not set.
        in_bus_order: `CUDA_DEVICE_ORDER` is `PCI_BUS_ID`, so that CUDA numbers them as they are
            given here. Otherwise it begins with the fastest, and nobody but CUDA knows which that
            is: numbers then stand for the smallest ones, which is the least that they can mean.
    """
    if variable is not None and variable.strip().startswith("MIG-"):
        return Unknown("CUDA_VISIBLE_DEVICES names a MIG device, and those are not looked at")
    chosen = devices.value if variable is None else _chosen(devices.value, variable, in_bus_order)
    if any(device.sliced for device in chosen):
        return Unknown("a GPU is cut into MIG devices, and those are not looked at")
    and_by = "" if variable is None else f", CUDA_VISIBLE_DEVICES={variable}"
    return Known(chosen, devices.source + and_by)


def _chosen(devices: Devices, variable: str, in_bus_order: bool) -> Devices:
    found: list[Device] = []
    numbered = True
    for entry in variable.split(","):
        device = _named(devices, entry.strip())
        if device is None:
            break
        numbered = numbered and entry.strip().isdecimal()
        found.append(device)
    if len(set(found)) < len(found):
        return ()
    if numbered and not in_bus_order:
        return tuple(sorted(devices, key=lambda device: device.memory or 0)[: len(found)])
    return tuple(found)


def _named(devices: Sequence[Device], entry: str) -> Device | None:
    """Return the device of a number, or of the beginning of a UUID that no other one has."""
    if entry.isdecimal():
        return devices[int(entry)] if int(entry) < len(devices) else None
    found = [device for device in devices if device.uuid.startswith(entry)]
    return found[0] if entry.startswith("GPU-") and len(found) == 1 else None

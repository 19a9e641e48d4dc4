"""The accelerators of a machine, and which of them a process may use.

Knows nothing of NVML and the kernel, which list all of them whatever the process may use.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.resources.capacity import Card

#: The kinds, by what programs use them with. What is called a GPU and nothing else is one of CUDA.
ACCELERATORS = ("cuda", "rocm", "xpu", "mps", "tpu")


@dataclass(frozen=True)
class Device:
    """One GPU, or another accelerator."""

    #: As the driver names it: `GPU-8f6d...`.
    uuid: str
    #: Bytes, in use or not; None for one that has none of its own, or does not tell.
    memory: int | None
    #: The compute capability, as `8.6`; empty for what is not CUDA's, None where nobody tells.
    capability: str | None = ""
    #: Of one that is cut into MIG devices: those that there are. None for one that is not cut.
    slices: tuple[Device, ...] | None = None
    #: Its compute mode lets one process use it at a time.
    alone: bool = False


Devices = tuple[Device, ...]


def together(facts: Iterable[Fact[Devices]]) -> Fact[Devices]:
    """Return the devices of several kinds; what is unknown of one does not matter beside others."""
    facts = list(facts)
    known = [fact for fact in facts if isinstance(fact, Known)]
    devices = tuple(device for fact in known for device in fact.value)
    if len(known) == len(facts) or devices:
        return Known(devices, ", ".join(fact.source for fact in known))
    return Unknown("; ".join(fact.reason for fact in facts if isinstance(fact, Unknown)))


def visible_devices(
    devices: Known[Devices],
    variable: str | None,
    *,
    in_bus_order: bool,
    name: str = "CUDA_VISIBLE_DEVICES",
) -> Fact[Devices]:
    """Return the GPUs that CUDA would show to a process; HIP and ROCm have taken over its rules.

    By its rules: an entry that names nothing hides itself and all that follow it, and none is to
    be named twice. Of MIG devices a process sees one, however many there are: that which is named
    first. Where none is named, nobody but CUDA knows which: it is taken for the smallest.

    Args:
        devices: all of the machine, in the order of the bus.
        variable: the value of `CUDA_VISIBLE_DEVICES`, None when it is not set.
        in_bus_order: `CUDA_DEVICE_ORDER` is `PCI_BUS_ID`, so that CUDA numbers them as they are
            given here. Otherwise it begins with the fastest, and nobody but CUDA knows which that
            is: numbers then stand for the smallest ones, which is the least that they can mean.
        name: of the variable, where it is another one.
    """
    source = devices.source
    if variable is not None:
        source += f", {name}={variable}"
        if variable.strip().startswith("MIG-"):
            return Known(_named_slice(devices.value, variable), source)
    chosen = devices.value if variable is None else _chosen(devices.value, variable, in_bus_order)
    cut = [device for device in chosen if device.slices is not None]
    if not cut:
        return Known(chosen, source)
    if len(cut) < len(chosen):
        return Unknown(
            f"some GPUs are cut into MIG devices, and only CUDA knows which it shows ({source})"
        )
    slices = sorted((one for device in cut for one in device.slices or ()), key=_size)
    return Known(tuple(slices[:1]), f"{source}, one MIG device for each process")


def _size(device: Device) -> int:
    return device.memory or 0


def _named_slice(devices: Devices, variable: str) -> Devices:
    """Return the MIG device that is named first; CUDA looks at none behind it."""
    name = variable.split(",", maxsplit=1)[0].strip()
    slices = [one for device in devices for one in device.slices or ()]
    found = [one for one in slices if one.uuid.startswith(name)]
    return tuple(found) if len(found) == 1 else ()


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
        return tuple(sorted(devices, key=_size)[: len(found)])
    return tuple(found)


def _named(devices: Sequence[Device], entry: str) -> Device | None:
    """Return the device of a number, or of the beginning of a UUID that no other one has."""
    if entry.isdecimal():
        return devices[int(entry)] if int(entry) < len(devices) else None
    found = [device for device in devices if device.uuid.startswith(entry)]
    return found[0] if entry.startswith("GPU-") and len(found) == 1 else None


def name_cards(devices: Devices, variable: str | None, *, in_bus_order: bool) -> tuple[Card, ...]:
    """Return the GPUs that a process may use as they can be granted, in CUDA's order.

    Args:
        devices: what `visible_devices` has returned.
        variable: `CUDA_VISIBLE_DEVICES`, whose names are kept; None when it is not set.
        in_bus_order: as there. Where nobody knows which one a number means, each is taken for the
            least of them.
    """
    if variable is None:
        return tuple(_card(one, str(number)) for number, one in enumerate(devices))
    tokens = [token.strip() for token in variable.split(",")][: len(devices)]
    if in_bus_order or not all(token.isdecimal() for token in tokens):
        return tuple(map(_card, devices, tokens))
    least = min((device.memory or 0 for device in devices), default=0)
    alone = any(device.alone for device in devices)
    return tuple(Card(token, "", least, "", alone) for token in tokens)


def _card(device: Device, token: str) -> Card:
    named = device.uuid if device.uuid.startswith("MIG-") else token
    known = device.uuid if device.uuid.startswith(("GPU-", "MIG-")) else ""  # not by a file
    return Card(named, known, device.memory or 0, device.capability or "", device.alone)

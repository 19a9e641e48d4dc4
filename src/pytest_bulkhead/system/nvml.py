"""The GPUs of this machine, by NVML: it initialises no device, so a process can be forked after it.

Not by torch or CUDA: what asks them for as little as a count can no longer be forked. Without
NVML's library they are counted by their files in `/dev`, of which a container has those of its own.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from pytest_bulkhead.core.known import Fact, Known, Unknown, value_or
from pytest_bulkhead.core.resources.devices import Device, Devices, visible_devices
from pytest_bulkhead.core.resources.holders import Look

T = TypeVar("T")


def usable_devices(root: str = "/") -> Fact[Devices]:
    """Return the GPUs that this process may use.

    Args:
        root: the folder that stands for `/`.
    """
    devices = _all_devices(Path(root))
    if isinstance(devices, Unknown):
        return devices
    variable, in_bus_order = chosen()
    return visible_devices(devices, variable, in_bus_order=in_bus_order)


def chosen() -> tuple[str | None, bool]:
    """Return what CUDA's variables show to a process, and whether numbers there count by bus."""
    in_bus_order = os.environ.get("CUDA_DEVICE_ORDER") == "PCI_BUS_ID"
    return os.environ.get("CUDA_VISIBLE_DEVICES"), in_bus_order


def _all_devices(root: Path) -> Fact[Devices]:
    devices = _ask(lambda nvml: tuple(_read_devices(nvml)))
    return _devices_by_files(root) if devices is None else devices


def look_at(uuids: Iterable[str]) -> dict[str, Look]:
    """Return {GPU: what is in use of it, and by whom}; nothing where NVML does not tell."""
    looks = _ask(lambda nvml: {uuid: _read_use(nvml, uuid) for uuid in uuids})
    return value_or(looks, {}) if looks is not None else {}


def _ask(question: Callable[[Any], T]) -> Fact[T] | None:
    """Return NVML's answer; None where nobody is there to ask it."""
    try:
        import pynvml  # noqa: PLC0415 - an extra, and only for tests that need a GPU
    except ImportError:
        return None
    try:
        pynvml.nvmlInit()
    except pynvml.NVMLError as problem:
        return Unknown(f"NVML does not start: {problem}")
    try:
        return Known(question(pynvml), "NVML")
    except pynvml.NVMLError as problem:
        return Unknown(f"NVML does not tell the GPUs: {problem}")
    finally:
        with contextlib.suppress(pynvml.NVMLError):
            pynvml.nvmlShutdown()


def _read_use(nvml: Any, uuid: str) -> Look:  # noqa: ANN401 - a module without types
    handle = nvml.nvmlDeviceGetHandleByUUID(uuid)
    found = nvml.nvmlDeviceGetComputeRunningProcesses(handle)
    sizes = {one.pid: one.usedGpuMemory or 0 for one in found}
    return Look(int(nvml.nvmlDeviceGetMemoryInfo(handle).used), sizes)


_INSTALL = "pip install 'pytest-bulkhead[gpu]' for nvidia-ml-py, which counts them"


def _devices_by_files(root: Path) -> Fact[Devices]:
    """Count the GPUs of which nobody tells more than that they are there."""
    names = [path.name for path in root.glob("dev/nvidia*") if path.name[6:].isdecimal()]
    # Under WSL all GPUs are one file; of one that is cut, MIG devices are in use and not the card.
    uncounted = [*root.glob("dev/dxg"), *root.glob("proc/driver/nvidia/capabilities/gpu*/mig/gi*")]
    if uncounted or (not names and any(root.glob("dev/nvidiactl"))):
        return Unknown(f"GPUs cannot be counted by their files in /dev: {_INSTALL}")
    if re.search("GPU-|MIG-", os.environ.get("CUDA_VISIBLE_DEVICES", "")):
        return Unknown(
            f"files in /dev do not tell which GPU CUDA_VISIBLE_DEVICES names: {_INSTALL}"
        )
    names.sort(key=lambda name: int(name[6:]))
    return Known(tuple(Device(name, None, None) for name in names), "/dev, without nvidia-ml-py")


def _read_devices(nvml: Any) -> list[Device]:  # noqa: ANN401 - a module without types
    handles = [nvml.nvmlDeviceGetHandleByIndex(i) for i in range(nvml.nvmlDeviceGetCount())]
    return [_read_device(nvml, handle) for handle in handles]


def _read_device(nvml: Any, handle: object) -> Device:  # noqa: ANN401 - as above
    capability = "{}.{}".format(*nvml.nvmlDeviceGetCudaComputeCapability(handle))
    device = replace(_read_part(nvml, handle, capability), alone=_is_alone(nvml, handle))
    if not _is_cut(nvml, handle):
        return device
    slices = tuple(_read_part(nvml, one, capability) for one in _slices_of(nvml, handle))
    return replace(device, slices=slices)


def _read_part(nvml: Any, handle: object, capability: str) -> Device:  # noqa: ANN401 - as above
    """Read a GPU or a MIG device, which NVML does not ask for its capability."""
    return Device(_text(nvml.nvmlDeviceGetUUID(handle)), _memory_of(nvml, handle), capability)


def _memory_of(nvml: Any, handle: object) -> int | None:  # noqa: ANN401 - as above
    try:
        return int(nvml.nvmlDeviceGetMemoryInfo(handle).total)
    except nvml.NVMLError_NotSupported:  # of a GPU that shares the machine's
        return None
    except nvml.NVMLError_NoPermission:  # of a GPU of which a container has a MIG device
        return None


def _is_cut(nvml: Any, handle: object) -> bool:  # noqa: ANN401 - as above
    try:
        current, _pending = nvml.nvmlDeviceGetMigMode(handle)
    except nvml.NVMLError:  # of a GPU that cannot be cut
        return False
    return bool(current)


def _slices_of(nvml: Any, handle: object) -> Iterator[object]:  # noqa: ANN401 - as above
    """Yield the MIG devices of a GPU: their numbers may have gaps."""
    for index in range(nvml.nvmlDeviceGetMaxMigDeviceCount(handle)):
        with contextlib.suppress(nvml.NVMLError_NotFound):
            yield nvml.nvmlDeviceGetMigDeviceHandleByIndex(handle, index)


def _is_alone(nvml: Any, handle: object) -> bool:  # noqa: ANN401 - as above
    try:
        mode = nvml.nvmlDeviceGetComputeMode(handle)
    except nvml.NVMLError:  # of a GPU that has none
        return False
    return bool(mode == nvml.NVML_COMPUTEMODE_EXCLUSIVE_PROCESS)


def _text(name: str | bytes) -> str:
    """Return a name; before nvidia-ml-py 11.515 it comes as bytes."""
    return name.decode() if isinstance(name, bytes) else name

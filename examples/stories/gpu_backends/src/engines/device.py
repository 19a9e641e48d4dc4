"""The memory of the GPU, by CUDA's driver: a process gives it back when it ends, and not before."""

from __future__ import annotations

import ctypes
from typing import Protocol


class OutOfMemoryError(RuntimeError):
    """The GPU has not as much left."""


class Device(Protocol):
    """A GPU."""

    total: int

    def reserve(self, size: int) -> object:
        """Take so many bytes; raise OutOfMemoryError where there are not as many."""


class CudaDevice:
    """The first GPU that this process sees."""

    def __init__(self) -> None:
        self._cuda = ctypes.CDLL("libcuda.so.1")
        self._call("cuInit", 0)
        device, context, self.total = ctypes.c_int(), ctypes.c_void_p(), 0
        self._call("cuDeviceGet", ctypes.byref(device), 0)
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._call("cuCtxSetCurrent", context)
        total = ctypes.c_size_t()
        self._call("cuDeviceTotalMem_v2", ctypes.byref(total), device)
        self.total = total.value

    def reserve(self, size: int) -> object:
        pointer = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(pointer), ctypes.c_size_t(size))
        return pointer.value

    def _call(self, name: str, *args: object) -> None:
        status = getattr(self._cuda, name)(*args)
        if status == 2:
            raise OutOfMemoryError("CUDA out of memory")
        if status:
            raise RuntimeError(f"{name}: CUDA error {status}")


_open: list[Device] = []


def device() -> Device:
    """Return the GPU of this process, which is opened at first need."""
    if not _open:
        _open.append(CudaDevice())
    return _open[0]

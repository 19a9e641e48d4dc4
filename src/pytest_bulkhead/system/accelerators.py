"""Which accelerator this process has in use, found out without bringing one into use.

CUDA has three states: clean; initialised, and then the process must not be forked; holding a
device, which in the compute mode EXCLUSIVE_PROCESS is then closed to all others. Only what is
loaded is asked.
"""

from __future__ import annotations

import ctypes
import os

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.start.proof import Accelerator
from pytest_bulkhead.system.libraries import loaded_libraries, named

_CUDA = r"libcuda\.so"

#: The name under which all libraries load CUDA's driver.
_SONAME = "libcuda.so.1"

#: Answers with the library if it is loaded, and does not load it.
_IF_LOADED = getattr(os, "RTLD_NOLOAD", 0)

#: CUDA_ERROR_NOT_INITIALIZED of the driver API: what every call answers before cuInit.
_CUDA_NOT_INITIALIZED = 3

#: Drivers that cannot be asked whether they are in use without bringing them into use. Of Metal,
#: torch.mps.current_allocated_memory() opens the device to answer.
_SILENT = {
    "ROCm": r"libamdhip64\.so",
    "XPU": r"libze_(?:loader|intel_gpu)\.so",
    "MPS": r"Metal$",
}

#: Who brought CUDA into use: one text, or none while nobody was seen.
_blamed: list[str] = []


def blame(text: str) -> None:
    """Note who has brought CUDA into use just now, as `a.py:3 called torch.cuda.init()`."""
    if not _blamed:
        _blamed.append(text)


def accelerators_in_use() -> Fact[tuple[Accelerator, ...]]:
    """Return the accelerators that this process has initialised."""
    libraries = loaded_libraries()
    if isinstance(libraries, Unknown):
        return libraries
    for path in named(libraries, _CUDA):
        cuda = _ask_cuda(path)
        if isinstance(cuda, Unknown) or cuda.value:
            return cuda
    for name, pattern in _SILENT.items():
        for path in named(libraries, pattern):
            return Unknown(f"{name} is loaded, and cannot be asked whether it is in use ({path})")
    return Known((), libraries.source)


def is_cuda_in_use() -> bool:
    """Whether this process has initialised CUDA: cheap enough to be asked after each test file."""
    if not _IF_LOADED:
        return False
    try:
        return _count_devices(ctypes.CDLL(_SONAME, _IF_LOADED)) is not None
    except (OSError, AttributeError):
        return False


def _ask_cuda(path: str) -> Fact[tuple[Accelerator, ...]]:
    """Ask CUDA's driver whether this process initialised it, and which devices it holds."""
    try:
        driver = ctypes.CDLL(path)
        count = _count_devices(driver)
        if count is None:
            return Known((), path)
        held = tuple(device for device in range(count) if _is_held(driver, device))
    except (OSError, AttributeError) as problem:
        return Unknown(f"CUDA is loaded, and does not say whether it is in use: {problem}")
    return Known((Accelerator("CUDA", held, "".join(_blamed)),), path)


def _count_devices(driver: ctypes.CDLL) -> int | None:
    """Return how many devices an initialised driver has, None for one that is not.

    Not torch.cuda.is_initialized(): it knows nothing of other libraries (vllm #44252).
    """
    count = ctypes.c_int()
    answer: int = driver.cuDeviceGetCount(ctypes.byref(count))
    return None if answer == _CUDA_NOT_INITIALIZED else count.value


def _is_held(driver: ctypes.CDLL, ordinal: int) -> bool:
    """Whether this process has a context on a device: the primary one, as all libraries use."""
    device, flags, active = ctypes.c_int(), ctypes.c_uint(), ctypes.c_int()
    driver.cuDeviceGet(ctypes.byref(device), ordinal)
    driver.cuDevicePrimaryCtxGetState(device, ctypes.byref(flags), ctypes.byref(active))
    return bool(active.value)

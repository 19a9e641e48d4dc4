"""Whether this process has an accelerator in use, found out without bringing one into use."""

from __future__ import annotations

import ctypes

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.system.libraries import loaded_libraries, named

_CUDA = r"libcuda\.so"

#: CUDA_ERROR_NOT_INITIALIZED of the driver API: what every call answers before cuInit.
_CUDA_NOT_INITIALIZED = 3

#: Drivers that cannot be asked whether they are in use without bringing them into use. Of Metal,
#: torch.mps.current_allocated_memory() opens the device to answer.
_SILENT = {
    "ROCm": r"libamdhip64\.so",
    "XPU": r"libze_(?:loader|intel_gpu)\.so",
    "MPS": r"Metal$",
}


def accelerator_in_use() -> Fact[str]:
    """Return the accelerator that this process has initialised, empty for none."""
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
    return Known("", libraries.source)


def _ask_cuda(path: str) -> Fact[str]:
    """Ask CUDA's driver whether this process initialised it.

    Not torch.cuda.is_initialized(): it knows nothing of other libraries (vllm #44252).
    """
    count = ctypes.c_int()
    try:
        answer = ctypes.CDLL(path).cuDeviceGetCount(ctypes.byref(count))
    except (OSError, AttributeError) as problem:
        return Unknown(f"CUDA is loaded, and does not say whether it is in use: {problem}")
    return Known("" if answer == _CUDA_NOT_INITIALIZED else "CUDA", path)

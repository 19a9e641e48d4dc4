"""NVML, as far as it is asked, for the GPU that is none."""

import types

import gpu

NVML_COMPUTEMODE_EXCLUSIVE_PROCESS = 3


class NVMLError(Exception):
    pass


class NVMLError_NotSupported(NVMLError):  # noqa: N801
    pass


class NVMLError_NoPermission(NVMLError):  # noqa: N801
    pass


def nvmlInit():  # noqa: N802
    pass


nvmlShutdown = nvmlInit  # noqa: N816


def nvmlDeviceGetCount():  # noqa: N802
    return 1


def nvmlDeviceGetHandleByIndex(index):  # noqa: N802
    return index


def nvmlDeviceGetHandleByUUID(uuid):  # noqa: N802
    return 0


def nvmlDeviceGetUUID(handle):  # noqa: N802
    return "GPU-stand-in"


def nvmlDeviceGetCudaComputeCapability(handle):  # noqa: N802
    return (8, 6)


def nvmlDeviceGetMigMode(handle):  # noqa: N802
    raise NVMLError_NotSupported("Not Supported")


def nvmlDeviceGetComputeMode(handle):  # noqa: N802
    return 0


def nvmlDeviceGetMemoryInfo(handle):  # noqa: N802
    used = sum(gpu.taken().values())
    return types.SimpleNamespace(total=gpu.TOTAL, used=used, free=gpu.TOTAL - used)


def nvmlDeviceGetComputeRunningProcesses(handle):  # noqa: N802
    held = gpu.taken().items()
    return [types.SimpleNamespace(pid=pid, usedGpuMemory=size) for pid, size in held]

"""`nvidia-ml-py` as it is, on a driver that is built here: our calls are those that it has."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from conftest import shown

pytest.importorskip("pynvml")
pytestmark = pytest.mark.skipif(
    not shutil.which("gcc"), reason="gcc is not there to build a driver"
)

#: The symbols that nvidia-ml-py calls. 3 is NVML_ERROR_NOT_SUPPORTED, 6 is NVML_ERROR_NOT_FOUND. With
#: the variable MIG both cards are cut, and the second of two places has a MIG device.
NVML = """
#include <stdlib.h>
typedef struct { unsigned long long total, free, used; } memory;
int nvmlInit_v2(void) { return 0; }
int nvmlInitWithFlags(unsigned flags) { return 0; }
int nvmlShutdown(void) { return 0; }
const char *nvmlErrorString(int code) { return "Not Supported"; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device) { *device = (void *)(long)(i + 1); return 0; }
int nvmlDeviceGetUUID(void *device, char *uuid, unsigned size) {
    const char *name = device == (void *)1 ? "GPU-a" : device == (void *)2 ? "GPU-b" : "MIG-c";
    while ((*uuid++ = *name++)) {}
    return 0;
}
int nvmlDeviceGetMemoryInfo(void *device, memory *found) {
    if (device == (void *)1) return 3;
    found->total = 24ull << 30; found->free = found->used = 0;
    return 0;
}
int nvmlDeviceGetMigMode(void *device, unsigned *now, unsigned *later) {
    *now = *later = 1;
    return getenv("MIG") ? 0 : 3;
}
int nvmlDeviceGetMaxMigDeviceCount(void *device, unsigned *count) { *count = 2; return 0; }
int nvmlDeviceGetMigDeviceHandleByIndex(void *device, unsigned i, void **mig) { *mig = (void *)3; return i ? 0 : 6; }
int nvmlDeviceGetCudaComputeCapability(void *device, int *major, int *minor) { *major = 8; *minor = 9; return 0; }
"""


def test_gpus_are_read_by_the_real_library(run, files):
    """Count, memory, compute capability and UUID, also of a card without memory of its own, and of MIG devices; and tests are forked after it."""
    files(
        {
            "nvml.c": NVML,
            "test_a.py": """
import pytest
requires = pytest.mark.requires
@requires(gpu=2, compute_capability=">=8.9,<9")
def test_met(): pass
@requires(gpu=3)
def test_count(): pass
@requires(gpu_memory="99TB")
def test_unknown_memory(): pass
""",
        }
    )
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", "libnvidia-ml.so.1", "nvml.c"], cwd=run.path, timeout=60, check=True)  # fmt: skip
    libraries = f"{run.path}:{os.environ.get('LD_LIBRARY_PATH', '')}"

    all_of_them = run("--isolate=function", "-rs", LD_LIBRARY_PATH=libraries)
    assert all_of_them.tests == {"passed": 2, "skipped": 1}, shown(all_of_them)
    assert "needs gpu 3: 2 (NVML)" in all_of_them.out
    assert "forked from the template" in all_of_them.out
    cut = run("-rs", LD_LIBRARY_PATH=libraries, MIG="1")
    assert cut.tests == {"skipped": 3}, shown(cut)
    assert "needs gpu 3: 1 (NVML, one MIG device for each process)" in cut.out
    assert "needs gpu_memory 99TB: 24.00 GiB (NVML, one MIG device" in cut.out
    one = run("-rs", LD_LIBRARY_PATH=libraries, CUDA_VISIBLE_DEVICES="GPU-b")
    assert one.tests == {"skipped": 3}, shown(one)
    assert "needs gpu_memory 99TB: 24.00 GiB (NVML, CUDA_VISIBLE_DEVICES=GPU-b)" in one.out

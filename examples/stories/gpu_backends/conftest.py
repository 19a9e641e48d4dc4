"""The GPU of this machine, or a stand-in; and what is left out in CI."""

import os
import sys
from pathlib import Path

import pytest

if not Path("/dev/nvidiactl").exists():
    sys.path.insert(0, str(Path(__file__).with_name("stand_in")))
    import gpu
    from engines import device

    device.CudaDevice = gpu.Gpu


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    if os.environ.get("CICD") == "1":
        left_out = [item for item in items if item.get_closest_marker("qualitative")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]

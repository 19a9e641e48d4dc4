"""Whether processes on the GPUs of this machine come together in NVIDIA's MPS.

Its daemon takes CUDA calls of all clients into one process on the device (man
nvidia-cuda-mps-control). A client joins when it first uses CUDA, if it finds the daemon's pipes.
"""

from __future__ import annotations

import os
from pathlib import Path

from pytest_bulkhead.system import process

_PIPES = "/tmp/nvidia-mps"  # noqa: S108 - the daemon's own default


def is_served() -> bool:
    """Whether a process that uses CUDA would join a daemon that is alive."""
    folder = Path(os.environ.get("CUDA_MPS_PIPE_DIRECTORY") or _PIPES)
    try:
        pid = int((folder / "nvidia-cuda-mps-control.pid").read_text())
    except (OSError, ValueError):
        return False
    return process.exists(pid)

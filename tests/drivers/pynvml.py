"""What we use of NVML, without a driver: the file that CARDS names has a card in each line.

As `uuid bytes kind`. A kind is `mig`, `old` (its UUID comes as bytes) or anything else. `lost` in
the place of bytes is a card that does not answer, `shared` one without memory of its own. No file
is no driver.
"""

from __future__ import annotations

import os
import types
from pathlib import Path


class NVMLError(Exception):
    pass


class NVMLError_NotSupported(NVMLError):
    pass


_state = {"started": False}


def is_open():
    return _state["started"]


def nvmlInit():
    if not os.path.exists(os.environ.get("CARDS", "")):
        raise NVMLError("Driver Not Loaded")
    _state["started"] = True


def nvmlShutdown():
    _state["started"] = False


def _cards():
    if not _state["started"]:
        raise NVMLError("Uninitialized")
    return [line.split() for line in Path(os.environ["CARDS"]).read_text().splitlines()]


def nvmlDeviceGetCount():
    return len(_cards())


def nvmlDeviceGetHandleByIndex(index):
    return _cards()[index]


def nvmlDeviceGetUUID(card):
    return card[0].encode() if card[2] == "old" else card[0]


def nvmlDeviceGetMemoryInfo(card):
    if card[1] == "lost":
        raise NVMLError("GPU is lost")
    if card[1] == "shared":
        raise NVMLError_NotSupported("Not Supported")
    return types.SimpleNamespace(total=int(card[1]), free=0, used=int(card[1]))


def nvmlDeviceGetCudaComputeCapability(card):
    return (8, 6)


def nvmlDeviceGetMigMode(card):
    if card[2] != "mig":
        raise NVMLError_NotSupported("Not Supported")
    return [1, 1]

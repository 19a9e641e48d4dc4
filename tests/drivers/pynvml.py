"""What we use of NVML, without a driver: the file that CARDS names has a card in each line.

As `uuid bytes kind`. A kind is `mig` (it is cut), `slice` (a MIG device of the card above it), `gap` (a
place there that has none), `alone` (one process at a time), `old` (its UUID comes as bytes) or anything
else. `lost` in the place of bytes is a card that does not answer, `shared` one without memory of its
own, `hidden` one whose memory we must not see. No file is no driver.
"""

from __future__ import annotations

import os
import types
from pathlib import Path


class NVMLError(Exception):
    pass


class NVMLError_NotSupported(NVMLError):
    pass


class NVMLError_NoPermission(NVMLError):
    pass


class NVMLError_NotFound(NVMLError):
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


def _lines():
    if not _state["started"]:
        raise NVMLError("Uninitialized")
    return [line.split() for line in Path(os.environ["CARDS"]).read_text().splitlines()]


def _cards():
    return [line for line in _lines() if line[2] not in ("slice", "gap")]


def _places(card):
    """Return what stands below a card, up to the next one."""
    below = _lines()[_lines().index(card) + 1 :]
    cards = [index for index, line in enumerate(below) if line in _cards()]
    return below[: cards[0] if cards else None]


def nvmlDeviceGetCount():
    return len(_cards())


def nvmlDeviceGetHandleByIndex(index):
    return _cards()[index]


def nvmlDeviceGetMaxMigDeviceCount(card):
    return len(_places(card))


def nvmlDeviceGetMigDeviceHandleByIndex(card, index):
    if _places(card)[index][2] == "gap":
        raise NVMLError_NotFound("Not Found")
    return _places(card)[index]


def nvmlDeviceGetUUID(card):
    return card[0].encode() if card[2] == "old" else card[0]


def nvmlDeviceGetMemoryInfo(card):
    if card[1] == "lost":
        raise NVMLError("GPU is lost")
    if card[1] == "shared":
        raise NVMLError_NotSupported("Not Supported")
    if card[1] == "hidden":
        raise NVMLError_NoPermission("Insufficient Permissions")
    return types.SimpleNamespace(total=int(card[1]), free=0, used=int(card[1]))


def nvmlDeviceGetCudaComputeCapability(card):
    if card[2] == "slice":
        raise NVMLError_NotSupported("Not Supported")
    return (8, 6)


NVML_COMPUTEMODE_EXCLUSIVE_PROCESS = 3


def nvmlDeviceGetComputeMode(card):
    return NVML_COMPUTEMODE_EXCLUSIVE_PROCESS if card[2] == "alone" else 0


def nvmlDeviceGetMigMode(card):
    if card[2] != "mig":
        raise NVMLError_NotSupported("Not Supported")
    return [1, 1]

"""What we use of NVML, without a driver: the file that CARDS names has a card in each line.

As `uuid bytes kind`. A kind is `mig` (it is cut), `slice` (a MIG device of the card above it), `gap` (a
place there that has none), `alone` (one process at a time), `old` (its UUID comes as bytes) or anything
else. `lost` in the place of bytes is a card that does not answer, `shared` one without memory of its
own, `hidden` one whose memory we must not see. No file is no driver.

Who uses a card has a file in the folder CARDS.use: its name is `card.pid`, its text `bytes how`. They are
his while he lives; after that they are back at once, or `late` (half a second), or `never`. With
NVML_PIDS=hidden the driver tells pids of another namespace, as in a container.
"""

from __future__ import annotations

import os
import time
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


def nvmlDeviceGetHandleByUUID(uuid):
    return next(line for line in _lines() if line[0] == uuid)


LAG = 0.5


def _uses(card):
    """Yield (pid, bytes) of who uses a card, by the files that they have written."""
    for path in Path(os.environ["CARDS"] + ".use").glob(f"{card[0]}.*"):
        pid = int(path.name.rpartition(".")[2])
        size, _, how = path.read_text().partition(" ")
        alive = os.path.exists(f"/proc/{pid}") and not _is_zombie(pid)
        if alive:
            os.utime(path)
        if alive or how == "never" or (how == "late" and time.time() - path.stat().st_mtime < LAG):
            yield pid, int(size or 0)  # none while it is being written


def _is_zombie(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def nvmlDeviceGetComputeRunningProcesses(card):
    shift = 10**6 if os.environ.get("NVML_PIDS") == "hidden" else 0
    return [types.SimpleNamespace(pid=pid + shift, usedGpuMemory=size) for pid, size in _uses(card)]


def nvmlDeviceGetUUID(card):
    return card[0].encode() if card[2] == "old" else card[0]


def nvmlDeviceGetMemoryInfo(card):
    if card[1] == "lost":
        raise NVMLError("GPU is lost")
    if card[1] == "shared":
        raise NVMLError_NotSupported("Not Supported")
    if card[1] == "hidden":
        raise NVMLError_NoPermission("Insufficient Permissions")
    used = sum(size for _pid, size in _uses(card))
    return types.SimpleNamespace(total=int(card[1]), free=int(card[1]) - used, used=used)


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

"""A GPU of 24 GB where there is none: what a process takes is back when the process has ended."""

import os
from pathlib import Path

from engines.device import OutOfMemoryError

TOTAL = 24 * 10**9
_TAKEN = Path(__file__).with_name("taken")


def taken():
    """Return {pid: bytes} of the processes that hold memory."""
    files = [file for file in _TAKEN.glob("*") if file.name.isdecimal()]
    return {int(file.name): int(file.read_text()) for file in files if _is_alive(file.name)}


def _is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Gpu:
    """What CudaDevice does."""

    total = TOTAL

    def reserve(self, size):
        held = taken()
        if sum(held.values()) + size > TOTAL:
            raise OutOfMemoryError("CUDA out of memory")
        _TAKEN.mkdir(exist_ok=True)
        mine = _TAKEN / f"{os.getpid()}.new"
        mine.write_text(str(held.get(os.getpid(), 0) + size))
        return mine.rename(_TAKEN / str(os.getpid()))

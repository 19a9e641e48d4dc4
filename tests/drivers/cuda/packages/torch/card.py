"""The memory of the first card that this process sees, in the files by which `pynvml`'s stand-in tells it.

There is none without the variable CARDS.
"""

import os
from pathlib import Path

#: Bytes that a context takes.
CONTEXT = 300 * 10**6


class OutOfMemoryError(RuntimeError):
    pass


def hold(size):
    """Hold so many bytes besides what a context takes, of which there is one."""
    if "CARDS" not in os.environ:
        return
    uuid, total, kind = _card()
    uses = list(Path(os.environ["CARDS"] + ".use").glob(f"{uuid}.*"))
    held = {int(path.suffix[1:]): int(path.read_text().partition(" ")[0] or 0) for path in uses}
    held = {pid: size for pid, size in held.items() if os.path.exists(f"/proc/{pid}")}
    mine = max(held.pop(os.getpid(), 0), CONTEXT) + size
    if kind == "alone" and held:
        raise RuntimeError("CUDA error: CUDA-capable device(s) is/are busy or unavailable")
    if sum(held.values()) + mine > total:
        raise OutOfMemoryError(f"CUDA out of memory. Tried to allocate {size} bytes")
    use = Path(os.environ["CARDS"] + ".use", f"{uuid}.{os.getpid()}")
    use.write_text(f"{mine} {os.environ.get('CARDS_BACK', '')}")


def total():
    return _card()[1]


def _card():
    cards = [line.split() for line in Path(os.environ["CARDS"]).read_text().splitlines()]
    token = os.environ.get("CUDA_VISIBLE_DEVICES", "0").split(",")[0]
    found = cards[int(token)] if token.isdecimal() else next(c for c in cards if c[0] == token)
    return found[0], int(found[1]), found[2]

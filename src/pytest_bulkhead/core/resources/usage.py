"""What tests have used, beside what they had said that they need."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import NamedTuple

from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.core.resources.sizes import TOLERANCE, show_size, write_size

#: By how much more than was declared may be used before it is worth a word: sizes are round.
_MARGIN = 1.1

_MB, _GB = 10**6, 10**9


class Usage(NamedTuple):
    """The most that the processes of a group have used at once."""

    #: Bytes; 0 when nobody has measured it.
    ram: float = 0
    #: Bytes of the GPU of which they used most.
    gpu_memory: float = 0

    def with_more(self, other: Usage) -> Usage:
        """Return the greater of each."""
        return Usage(max(self.ram, other.ram), max(self.gpu_memory, other.gpu_memory))


def overdraft(limit: float, used: float) -> str:
    """Return what is said of processes that have more memory than may be; empty if they have not.

    Args:
        limit: the bytes that they were granted: of a decimal size, those that will do.
        used: the bytes that they have.
    """
    if used * (1 - TOLERANCE) <= limit:
        return ""
    return (
        f"out of memory: its processes had {show_size(used)} of the {write_size(limit)} that it "
        "requires (isolate_enforce = ram)"
    )


def overuse(needs: Needs, used: Usage) -> Iterator[str]:
    """Yield a line for each size of which more was used than was declared."""
    for key in Usage._fields:
        declared, most = getattr(needs, key), getattr(used, key)
        if declared and most > declared * _MARGIN:
            wanted = f"{math.ceil(most / _GB)}GB" if most > _GB else f"{math.ceil(most / _MB)}MB"
            yield (
                f"declared {key} {write_size(declared)}, used {most / _GB:.3g} GB: "
                f'write requires({key}="{wanted}")'
            )

"""torch's thread pool in a forked child. Knows no pytest, and never imports torch."""

from __future__ import annotations

import contextlib
import sys


def renew_torch_pool() -> None:
    """Have torch make its pool anew in a process that was just forked and has one thread.

    Otherwise it does so when a thread first uses it, and of two threads that do so at once one
    finds none: "pool INTERNAL ASSERT FAILED ... Invalid thread pool!" (measured: torch 2.13, in one
    of ten forks). That is so where torch's threads were set to 1. A pool of more has threads, after
    which nobody forks; where no number was set a new thread asks for no pool.
    """
    torch = sys.modules.get("torch")
    with contextlib.suppress(AttributeError):  # a stub, or half imported
        if torch is not None and torch.get_num_threads() == 1:
            torch.set_num_threads(1)

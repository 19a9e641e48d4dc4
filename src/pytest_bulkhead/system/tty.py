"""The controlling terminal: whose process group may read it."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator


def give_foreground(group: int) -> None:
    """Make a process group the one that may read the terminal; no terminal, no effect."""
    with contextlib.suppress(OSError), _terminal() as fd:
        os.tcsetpgrp(fd, group)


def take_foreground() -> None:
    """Make our own process group the one that may read the terminal."""
    # Not being in the foreground, we would be stopped by SIGTTOU for asking.
    before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    try:
        give_foreground(os.getpgrp())
    finally:
        signal.signal(signal.SIGTTOU, before)


@contextlib.contextmanager
def _terminal() -> Iterator[int]:
    fd = os.open("/dev/tty", os.O_RDWR)
    try:
        yield fd
    finally:
        os.close(fd)

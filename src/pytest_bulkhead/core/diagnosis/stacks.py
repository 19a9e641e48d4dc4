"""Python stacks as faulthandler writes them: which thread crashed, and where it was."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

_THREAD = re.compile(r"^(?:Current t|T)hread 0x[0-9a-f]+.*\(most recent call first\):$", re.M)
_FRAME = re.compile(r'^  File "(.+)", line \d+ in (.+)$', re.M)
#: So many frames are shown, and this below them; not always, in Python 3.13.
_SHOWN, _CUT = 100, "\n  ..."


class Stack(NamedTuple):
    """The stack of a thread."""

    #: (file, function), the latest call first.
    frames: tuple[tuple[str, str], ...]
    #: It is the thread that crashed, or that was asked for its stack.
    current: bool
    #: The collector was at work.
    collecting: bool = False
    #: It has more frames than are shown.
    cut: bool = False


def read_stacks(text: str) -> Iterator[Stack]:
    """Yield the stacks of a text."""
    starts = list(_THREAD.finditer(text))
    ends = [*(start.start() for start in starts[1:]), len(text)]
    for start, end in zip(starts, ends, strict=False):
        body = text[start.end() : end]
        frames = tuple((found[1], found[2]) for found in _FRAME.finditer(body))
        current = start[0].startswith("Current")
        cut = _CUT in body or len(frames) >= _SHOWN
        yield Stack(frames, current, "\n  Garbage-collecting" in body, cut)


def crashed_stack(text: str) -> Stack:
    """Return the stack of the thread that crashed, an empty one where there is none."""
    return next((stack for stack in read_stacks(text) if stack.current), Stack((), current=True))

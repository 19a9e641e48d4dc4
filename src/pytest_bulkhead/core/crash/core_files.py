"""Where the kernel writes a core file, by `core_pattern` (core(5)).

What stands for something that nobody knows of a dead process (its threads' names, the second) is
`*` in the pattern that comes out.
"""

from __future__ import annotations

import re

from pytest_bulkhead.core.known import Fact, Known, Unknown


def core_glob(pattern: Fact[str], *, uses_pid: bool, pid: int) -> Fact[str]:
    """Return a glob pattern of the core file of a process, unknown where it is no file of ours.

    Args:
        pattern: the kernel's `core_pattern`.
        uses_pid: the kernel's `core_uses_pid`.
        pid: of the process.

    Returns:
        It is relative to the working folder of the process unless it begins with a slash.
    """
    if isinstance(pattern, Unknown):
        return pattern
    text, source = pattern.value, pattern.source
    if text.startswith("|"):
        program = text[1:].split()[0] if text[1:].split() else "a program"
        return Unknown(f"the kernel pipes core files to {program} ({source})")
    if not text:
        return Unknown(f"the kernel writes no core files ({source} is empty)")
    named = re.search(r"(?<!%)(%%)*%[pP]", text)
    path = re.sub(r"%(.?)", lambda found: _meaning(found[1], pid), text)
    if uses_pid and not named:
        path += f".{pid}"
    return Known(path, source)


def _meaning(letter: str, pid: int) -> str:
    if letter == "%":
        return "%"
    return str(pid) if letter == "p" else "*"

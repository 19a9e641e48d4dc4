"""What the control groups of this process allow it: a container sees the memory of its host.

Of version 2 and of version 1, which may both be mounted. A limit of any group above counts as
well. Where the groups of the host are not to be seen, as in most containers, ours is the root of
what is mounted.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

from pytest_bulkhead.core.known import Known

_MOUNT = "sys/fs/cgroup"

#: Where version 2 is mounted beside version 1.
_UNIFIED = "unified"


def memory_limit(root: str = "/") -> Known[float] | None:
    """Return the bytes that the groups of this process allow, None where nothing limits them.

    Args:
        root: the folder that has `proc` and `sys`.
    """
    return min(_memory_limits(root), key=lambda limit: limit.value, default=None)


def cpu_limit(root: str = "/") -> Known[float] | None:
    """Return the CPUs whose time the groups of this process allow, None where nothing does.

    Args:
        root: the folder that has `proc` and `sys`.
    """
    return min(_cpu_limits(root), key=lambda limit: limit.value, default=None)


def _memory_limits(root: str) -> Iterator[Known[float]]:
    files = {"": "memory.max", "memory": "memory.limit_in_bytes"}
    for controller, name in files.items():
        for folder in _folders(root, controller):
            path = os.path.join(folder, name)
            words = _words(path)
            if words and words[0].isdecimal():
                yield Known(float(words[0]), path)


def _cpu_limits(root: str) -> Iterator[Known[float]]:
    for folder in _folders(root, ""):
        path = os.path.join(folder, "cpu.max")
        yield from _quota(path, _words(path))
    for folder in _folders(root, "cpu"):
        path = os.path.join(folder, "cpu.cfs_quota_us")
        yield from _quota(path, _words(path) + _words(os.path.join(folder, "cpu.cfs_period_us")))


def _quota(path: str, words: list[str]) -> Iterator[Known[float]]:
    """Yield a limit from quota and period in microseconds; `max` and -1 are none."""
    if len(words) == 2 and all(word.isdecimal() and int(word) for word in words):
        yield Known(int(words[0]) / int(words[1]), path)


def _folders(root: str, controller: str) -> Iterator[str]:
    """Yield where the groups of this process may be for a controller, and all above them.

    Args:
        root: the folder that has `proc` and `sys`.
        controller: of version 1; empty for version 2.
    """
    mount = os.path.join(root, _MOUNT)
    path = _group(root, controller)
    while path is not None:
        for place in (controller,) if controller else ("", _UNIFIED):
            yield os.path.join(mount, place, path).rstrip("/")
        path = os.path.dirname(path) if path else None


def _group(root: str, controller: str) -> str | None:
    """Return the group of this process for a controller, without a slash before it."""
    for line in _lines(os.path.join(root, "proc/self/cgroup")):
        fields = line.split(":", 2)
        if len(fields) == 3 and controller in fields[1].split(","):
            return fields[2].strip("/")
    return None


def _words(path: str) -> list[str]:
    return " ".join(_lines(path)).split()


def _lines(path: str) -> list[str]:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read().splitlines()
    except OSError:
        return []

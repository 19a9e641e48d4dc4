"""Where the output of a process goes: files without a name.

Not pipes: a grandchild that holds a pipe's end makes the reader wait for ever (bpo-38207), and a
test that prints 2 GB would fill our memory instead of the disk.
"""

from __future__ import annotations

import fcntl
import os
import tempfile

#: Our descriptors are moved to numbers that a test does not meet: "close 3 to 100" and the lowest
#: free number are both far below.
HIGH_FD = 600

#: Bytes of an output that are read after a crash: its beginning and its end.
MAX_READ = 1024 * 1024


def output_file() -> int:
    """Return the descriptor of a new file on disk that nobody else can open."""
    with tempfile.TemporaryFile(buffering=0) as file:
        return os.dup(file.fileno())


def read_text(fd: int, limit: int = MAX_READ) -> str:
    """Return what a file holds; of more than `limit` bytes, the first and the last."""
    size = os.fstat(fd).st_size
    if size <= limit:
        return _decode(os.pread(fd, size, 0))
    half = limit // 2
    head, tail = os.pread(fd, half, 0), os.pread(fd, half, size - half)
    return f"{_decode(head)}\n[... {size - 2 * half} bytes left out ...]\n{_decode(tail)}"


def _decode(raw: bytes) -> str:
    return raw.decode("utf-8", "backslashreplace")


def redirect(source: int, target: int) -> None:
    """Make the descriptor `target` mean what `source` means."""
    os.dup2(source, target, inheritable=target <= 2)


def silence(*targets: int) -> None:
    """Make descriptors mean the null device."""
    null = os.open(os.devnull, os.O_RDWR)
    for target in targets:
        os.dup2(null, target, inheritable=target <= 2)
    os.close(null)


_original: list[int] = []


def set_stdio_aside(stdin: int, *, stdout: bool) -> None:
    """Point stdin, and stdout, at the null device, and keep where they pointed.

    A worker's stdout is nobody's: runners that print service messages from every process would
    report each test twice. A debugger gets the kept ones back for a while.

    Args:
        stdin: where the user's stdin is; pytest's capture keeps it from descriptor 0.
        stdout: set stdout aside too.
    """
    if not _original:
        _original.extend(raise_fd(os.dup(fd)) for fd in (stdin, 1))
    silence(0, *([1] if stdout else []))


def original_stdio() -> tuple[int, int]:
    """Return the descriptors of the stdin and stdout that the user's pytest has."""
    stdin, stdout = _original or (0, 1)
    return stdin, stdout


def raise_fd(fd: int) -> int:
    """Move a descriptor to a high number and return that; where the limit allows none, keep it."""
    try:
        high = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, HIGH_FD)
    except OSError:
        os.set_inheritable(fd, False)
        return fd
    os.close(fd)
    return high

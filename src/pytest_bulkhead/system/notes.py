"""What the processes of a run note for each other, one line each, in a file of the run.

A file with a name, for spawned processes inherit nothing; nobody can guess the name.
"""

from __future__ import annotations

import contextlib
import os
import tempfile


def _path(run: str) -> str:
    return os.path.join(tempfile.gettempdir(), f"pytest-bulkhead-{run}.notes")


def add_note(run: str, line: str) -> None:
    """Note a line; several processes may at once.

    Args:
        run: the unique id of the run.
        line: a text without an end of line.
    """
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    fd = os.open(_path(run), flags, 0o600)
    try:
        os.write(fd, f"{line}\n".encode())
    finally:
        os.close(fd)


def read_notes(run: str) -> list[str]:
    """Return all lines that were noted in a run, the oldest first."""
    try:
        with open(_path(run), encoding="utf-8") as file:
            return file.read().splitlines()
    except FileNotFoundError:
        return []


def remove_notes(run: str) -> None:
    """Remove the file; a run that noted nothing has none."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(_path(run))

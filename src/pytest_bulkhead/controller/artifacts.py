"""Keeps the whole of what is known of each crash, in a folder of its own below that of the run."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from pytest_bulkhead.core.crash.artifacts import file_texts, folder_name
from pytest_bulkhead.core.crash.evidence import Evidence


class Artifacts:
    """The folder of a run, which is made when there is something to keep."""

    def __init__(self, folder: Path, run_uid: str) -> None:
        """Look whether it can be written.

        Raises:
            pytest.UsageError: it can not.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError as problem:
            raise pytest.UsageError(
                f"--isolate-artifacts={folder}: {problem.strerror}\n"
                "hint: name a folder that can be written to"
            ) from None
        started = time.strftime("%Y%m%d-%H%M%S")
        self._folder = folder / f"{started}-{folder_name(run_uid, ())[:8]}"
        self._taken: set[str] = set()
        #: Why something could not be kept; empty when all could.
        self.lost = ""

    def place_for(self, nodeid: str) -> Path:
        """Return the folder of one more crash, which is not there yet."""
        name = folder_name(nodeid, self._taken)
        self._taken.add(name.lower())
        return self._folder / name

    def keep(self, evidence: Evidence, report: str, sections: Sequence[tuple[str, str]]) -> None:
        """Write what is known of a crash into its folder."""
        for name, text in file_texts(evidence, report, sections).items():
            self.write(Path(evidence.artifacts, name), text)

    def write(self, path: Path, text: str) -> None:
        """Write a file; a full disk must not end the run."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8", errors="backslashreplace")
        except OSError as problem:
            self.lost = f"{path}: {problem.strerror}"

    def take_in(self, file: str, folder: str) -> None:
        """Move a core file into the folder of its crash."""
        with contextlib.suppress(OSError):  # it stays where it is
            shutil.move(file, os.path.join(folder, "core"))

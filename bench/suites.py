"""Small suites, written into a folder: what is measured is the runner, not the tests."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import textwrap
from pathlib import Path

#: Imported where torch is not: many modules of the standard library, and 150 MB of touched memory.
#: It stands for what makes a fork dear, not for what makes an import slow.
STAND_IN = """
import asyncio, concurrent.futures, ctypes, decimal, email.message, http.server, json, logging
import multiprocessing, sqlite3, ssl, unittest.mock, urllib.request, xml.dom.minidom, zipfile
BALLAST = [bytes(range(256)) * 16 for _ in range(38_000)]
"""
HAS_TORCH = importlib.util.find_spec("torch") is not None
#: What the heavy suites import, as the tables call it.
HEAVY = (
    f"torch {importlib.metadata.version('torch')}"
    if HAS_TORCH
    else "a stand-in for torch (150 MB of the standard library's objects)"
)


def write(folder: Path, modules: int, tests: int, *, heavy: bool = False, head: str = "") -> Path:
    """Write so many modules of so many tests that do nothing, each with this head."""
    folder.mkdir(parents=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(heavy_import() if heavy else "")
    body = "\n\n".join(f"def test_{number}():\n    assert True" for number in range(tests))
    for number in range(modules):
        (folder / f"test_module_{number:03}.py").write_text(f"{head}{body}\n")
    return folder


def heavy_import() -> str:
    """Return a conftest that imports what is heavy."""
    return "import torch\n" if HAS_TORCH else STAND_IN


def write_crashes(folder: Path, crashes: int) -> Path:
    """Write a module in which every other test dies, and the next one says when it began."""
    write(folder, 0, 0, heavy=True)
    pairs = [
        f"def test_{number:02}_dies():\n    stamp('dies')\n    ctypes.string_at(0)\n\n"
        f"def test_{number:02}_starts():\n    stamp('starts')\n"
        for number in range(crashes)
    ]
    (folder / "test_crashes.py").write_text(
        "\n\n".join(["import ctypes, json, time", _STAMP, *pairs])
    )
    return folder


#: The clock is the machine's, so that stamps of two processes can be compared.
_STAMP = textwrap.dedent(
    """
    def stamp(what):
        now = time.clock_gettime(time.CLOCK_MONOTONIC)
        with open("stamps.jsonl", "a") as file:
            file.write(json.dumps([what, now]) + "\\n")
    """
)

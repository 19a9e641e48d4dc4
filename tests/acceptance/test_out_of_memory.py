"""A kill by the kernel for memory is told from any other SIGKILL, by a real control group."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

EATER = """
def test_before(): pass
def test_eats():
    eaten = []
    while True:
        eaten.append(bytearray(10_000_000))
def test_killed():
    import os, signal
    os.kill(os.getpid(), signal.SIGKILL)
def test_after(): pass
"""

#: Enough for four pytest processes that share their memory, and for little else.
LIMIT = 250_000_000


def _new_group() -> tuple[Path, str] | None:
    """Make a memory control group, of version 1 or 2; return it and its file for the limit."""
    for root, limit in (
        (Path("/sys/fs/cgroup/memory"), "memory.limit_in_bytes"),
        (Path("/sys/fs/cgroup"), "memory.max"),
    ):
        group = root / f"bulkhead-{uuid.uuid4().hex[:8]}"
        with contextlib.suppress(OSError):
            group.mkdir()
            if (group / limit).exists():
                return group, limit
            group.rmdir()
    return None


@pytest.fixture
def small_group():
    made = _new_group()
    if made is None:
        pytest.skip("no control group can be made here: that takes root, or delegation")
    group, limit = made
    (group / limit).write_text(str(LIMIT))
    yield group
    group.rmdir()


def test_out_of_memory_is_told_from_a_kill(small_group, tmp_path):
    """The test that the kernel killed for memory is said to be so; one that was killed is not."""
    (tmp_path / "test_eater.py").write_text(EATER)
    finished = subprocess.run(
        [sys.executable, "-m", "pytest", "--isolate=session", "-p", "no:cacheprovider"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=lambda: (small_group / "cgroup.procs").write_text(str(os.getpid())),
    )

    assert finished.returncode == 1, finished.stdout
    assert "test_eats - crashed with SIGKILL (out of memory) in call" in finished.stdout
    assert "test_killed - killed by SIGKILL in call, by whom is not known" in finished.stdout
    assert "2 passed, 2 crashed" in finished.stdout

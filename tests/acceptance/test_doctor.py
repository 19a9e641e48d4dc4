"""`bulkhead doctor` tells what a machine and its plugins mean for isolated runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys

from conftest import DRIVERS

LIMIT = 60


def doctor(path, *arguments, **environ):
    return subprocess.run(
        [sys.executable, "-m", "pytest_bulkhead", "doctor", *arguments], cwd=path,
        env={**os.environ, **environ}, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=LIMIT, check=False,
    )  # fmt: skip


def test_what_is_said_of_this_machine(tmp_path):
    """Python, fork, memory, GPUs; for programs the same as JSON; nothing is wrong here."""
    cards = tmp_path / "cards"
    cards.write_text(f"GPU-a {8 * 10**9} alone\n")
    environ = {"PYTHONPATH": str(DRIVERS), "CARDS": str(cards), "CUDA_VISIBLE_DEVICES": "0"}
    shown, told = doctor(tmp_path, **environ), doctor(tmp_path, "--json", **environ)
    signs = json.loads(told.stdout)

    assert (shown.returncode, told.returncode) == (0, 0), shown.stdout + shown.stderr
    assert all(sign["text"] in shown.stdout for sign in signs)
    found = {sign["what"]: sign["text"] for sign in signs}
    assert found["python"].startswith(sys.version.split()[0].rstrip("+"))
    assert (
        found["gpus"]
        == "in exclusive mode, one process at a time: GPU-a (NVML, CUDA_VISIBLE_DEVICES=0)"
    )
    assert "fork" in found


def test_what_is_wrong_decides_the_exit_status(tmp_path):
    """A variable that hides a load conflict, with what to do about it."""
    done = doctor(tmp_path, KMP_DUPLICATE_LIB_OK="TRUE")

    assert done.returncode == 1
    assert "wrong  environment" in done.stdout
    assert "-> unset KMP_DUPLICATE_LIB_OK" in done.stdout

"""The bench of a real GPU is whole: each of its lines runs, here on stand-ins for torch and NVML."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys

import pytest
from bench.gpu import standing_line
from conftest import DRIVERS, ROOT

from pytest_bulkhead.system import linux

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="roles are read in /proc")

GB = 10**9


@pytest.fixture
def bench(tmp_path):
    """Return a function that runs the script on cards."""
    (tmp_path / "cards.use").mkdir()

    def run(*cards, packages="", **environ):
        (tmp_path / "cards").write_text("".join(f"{card}\n" for card in cards))
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("PYTEST", "CUDA"))}
        kept |= {"PYTHON": sys.executable, "PYTHONPATH": f"{packages}:{DRIVERS}"}
        kept |= {"CARDS": str(tmp_path / "cards")} if cards else {}
        command = ["sh", str(ROOT / "bench" / "gpu.sh"), "--runs", "1"]
        done = subprocess.run(command, check=False, env=kept | environ, capture_output=True, text=True, timeout=200)  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def test_all_is_measured(bench, torch_with_cuda):
    """Plain pytest runs out of memory, isolation does not, and only workers are on the card."""
    code, out, err = bench(f"GPU-a {24 * GB} -", packages=torch_with_cuda, CARDS_BACK="late")

    assert code == 0, out + err
    assert "device 0 torch 0+stand-in CUDA 0, 22.35 GiB, shared mode" in out
    assert "plain pytest | 2 failed, 1 passed" in out
    assert out.count("| **3 passed in") == 2
    on_the_card = [line for line in out.splitlines() if "template on the card" in line]
    assert len(on_the_card) == 2, out
    for line in on_the_card:
        assert "| **0** listed by NVML, **0** with /dev/nvidia-uvm open | 0 | yes |" in line
        assert "workers: 0 listed" not in line
        assert "none of the run's: 0" in line
    ends = [line for line in out.splitlines() if "to its memory's return" in line]
    assert [line.split(" | ")[0].rpartition(", ")[2] for line in ends] == ["exit", "SIGTERM", "SIGKILL"]  # fmt: skip
    assert all(int(line.split("**")[1].removesuffix(" ms")) >= 400 for line in ends), out
    states = dict(
        line.split("` | ", 1) for line in out.splitlines() if line.startswith("| `import")
    )
    found = [text.split(" | ")[0] for text in states.values()]
    assert found == ["clean", *["initialised"] * 5, *["context"] * 3], out
    assert [" yes | 286 MiB" in text for text in states.values()] == [False] * 6 + [True] * 3


def test_what_pids_do_not_show_is_not_claimed():
    """Where NVML has pids of another namespace, CUDA's device tells; where nothing does, nothing is proven."""
    clean = {"looks": 9, "uvm": 0, "listed": 0}
    standing = dict.fromkeys(("controller", "keeper", "template"), clean)
    worker, stranger = {"looks": 9, "uvm": 3, "listed": 0}, {"looks": 0, "uvm": 0, "listed": 3}
    for seen, met in [
        (standing | {"stranger": stranger}, False),
        (standing | {"stranger": stranger, "worker": worker}, True),
        (standing | {"template": {**clean, "uvm": 1}, "worker": worker}, False),
        (standing | {"controller": {**clean, "listed": 1}, "worker": worker}, False),
        ({"controller": clean, "keeper": clean, "worker": worker}, False),
    ]:
        assert standing_line(seen, "").met is met, seen


@pytest.mark.parametrize(
    ("cards", "environ", "why"),
    [
        ((), {}, "no GPU: NVML does not start: Driver Not Loaded"),
        ((f"GPU-a {24 * GB} -",), {"CUDA_VISIBLE_DEVICES": ""}, "no GPU: "),
    ],
)
def test_without_a_gpu_it_says_so(cards, environ, why, bench, torch_with_cuda):
    """In a line, with a status of its own."""
    code, out, err = bench(*cards, packages=torch_with_cuda, **environ)

    assert (code, out) == (2, "")
    assert err.startswith(f"bench.gpu: {why}"), err
    assert err.count("\n") == 1


@pytest.mark.skipif(importlib.util.find_spec("torch") is not None, reason="torch is there")
def test_without_torch_it_says_so(bench):
    """As without a GPU."""
    code, _out, err = bench(f"GPU-a {24 * GB} -")

    assert code == 2
    assert err.startswith("bench.gpu: no torch in ")

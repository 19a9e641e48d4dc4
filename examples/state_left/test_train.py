"""Who trains sets this and that for the whole process, and later tests find it so.

Guards put it back after each test, and say which test had left it.
"""

import gc
import os
from pathlib import Path

import torch


def test_train(tmp_path):
    os.chdir(tmp_path)
    os.environ["TOKENIZERS_PARALLELISM"] = "true"
    torch.set_default_dtype(torch.float64)
    gc.disable()
    assert torch.ones(2).sum() == 2


def test_precision():
    assert torch.ones(2).dtype == torch.float32


def test_surroundings():
    assert Path("pytest.ini").exists()
    assert "TOKENIZERS_PARALLELISM" not in os.environ
    assert gc.isenabled()

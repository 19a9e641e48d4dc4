"""The public names of `pytest_bulkhead.models`, and what they cost."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "numpy", "transformers", "sentence_transformers", "huggingface_hub", "xdist"}


def test_import_is_light():
    """The package brings in no library of models."""
    code = "import sys, pytest_bulkhead.models; print(*{n.partition('.')[0] for n in sys.modules})"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(out.stdout.split())


def test_a_name_that_is_none_is_an_attribute_error():
    """As of any module, so that `hasattr` and star imports work."""
    import pytest_bulkhead.models

    with pytest.raises(AttributeError, match="share_model"):
        _ = pytest_bulkhead.models.share_model

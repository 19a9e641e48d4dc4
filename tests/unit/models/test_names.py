"""The public names of `pytest_bulkhead.models`, and what they cost."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {"torch", "numpy", "transformers", "sentence_transformers", "huggingface_hub", "xdist"}


def test_import_is_light():
    """Neither the package nor any of its public names brings in a library of models."""
    code = (
        "import sys, pytest_bulkhead.models as models\n"
        "for name in models.__all__: getattr(models, name)\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not HEAVY & set(out.stdout.split())


def test_a_name_that_is_none_is_an_attribute_error():
    """As of any module, so that `hasattr` and star imports work."""
    import pytest_bulkhead.models

    with pytest.raises(AttributeError, match="share_model"):
        _ = pytest_bulkhead.models.share_model

"""HF_HUB_OFFLINE is read when the conftest imports the library: what a fixture sets is too late.

The profile offline is in force before the first conftest.
"""

import pytest
from huggingface_hub import is_offline_mode


@pytest.fixture(autouse=True)
def _offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_nothing_is_downloaded():
    assert is_offline_mode()


def test_meaning(model):
    king, queen, bread = model.encode(["king", "queen", "bread"])
    assert king @ queen > king @ bread

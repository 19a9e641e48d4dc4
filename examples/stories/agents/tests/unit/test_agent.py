import numpy as np
import pytest
from desk import Memory, encoders, settings
from desk.encoders import get_encoder


class Stub:
    def encode(self, text):
        return np.ones(1)


async def test_no_model_is_configured(agent):
    with pytest.raises(RuntimeError, match="no language model"):
        await agent.answer("Anything?", "ada")


def test_patience_by_default():
    assert settings.patience == 30


def test_encoder_is_kept():
    encoders._cache["words-small"] = Stub()
    assert Memory().encoder is get_encoder()


def test_encoder():
    tea, cup, noon = map(get_encoder().encode, ["tea", "a cup of tea", "noon"])
    assert tea @ cup > tea @ noon

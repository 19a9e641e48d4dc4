import pytest
from lexis import Lexicon
from lexis.loading import load_model

from pytest_bulkhead.models import shared_model

model = shared_model("model", load_model)


@pytest.fixture(scope="session")
def lexicon(entries, model):
    return Lexicon(entries, model)

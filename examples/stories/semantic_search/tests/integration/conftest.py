import pytest
from lexis import Lexicon
from lexis.loading import MODEL, load_model

from pytest_bulkhead.models import shared_model

model = shared_model("model", load_model, MODEL)


@pytest.fixture(scope="session")
def lexicon(entries, model):
    return Lexicon(entries, model)

import pytest
from desk import Agent, Memory
from desk.encoders import load_encoder

from pytest_bulkhead.models import shared_model

encoder = shared_model("encoder", load_encoder, "words-large")


@pytest.fixture
def memory(encoder):
    memory = Memory(encoder)
    memory.add(["Ada likes tea", "The office is in Bern", "Lunch is at noon"], user="ada")
    return memory


@pytest.fixture
def agent(memory):
    return Agent(memory)

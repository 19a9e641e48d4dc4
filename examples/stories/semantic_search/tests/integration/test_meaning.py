"""The product with a real model, that has learned what words mean."""

import pytest
from lexis.loading import MODEL, load_model


def best(hits):
    return hits[0].entry.word


def test_no_word_is_shared(lexicon):
    assert best(lexicon.search("an emperor on his throne")) == "monarch"


async def test_several_questions(lexicon):
    ships, food = await lexicon.find("where do boats anchor?", "who sells rolls and pastry?")
    assert (best(ships), best(food)) == ("harbour", "bakery")


@pytest.mark.qualitative
def test_a_riddle(lexicon):
    assert best(lexicon.search("autumn work of farmers")) == "harvest"


@pytest.mark.real_model
@pytest.mark.requires(model=MODEL)
def test_what_is_in_production():
    assert load_model().encode(["a king"]).shape == (1, 1536)

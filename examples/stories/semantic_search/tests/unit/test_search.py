"""The product's own logic, on a fake: it loads nothing, and texts that share words are near."""

import pytest
from lexis import Lexicon


@pytest.fixture
def lexicon(entries, fake_model):
    fake_model("lexis.search.get_cached_model")
    return Lexicon(entries)


def words(hits):
    return [hit.entry.word for hit in hits]


def test_the_nearest_is_first(lexicon):
    assert words(lexicon.search("a king or a queen"))[0] == "monarch"


def test_spelling_counts_too(lexicon):
    assert set(words(lexicon.search("harb"))) >= {"harbour"}


def test_a_whole_word_is_best(lexicon):
    best = lexicon.search("harvest")[0]
    assert (best.entry.word, best.score) == ("harvest", 1)


def test_limit(lexicon):
    assert len(lexicon.search("where ships or bread or crops are", limit=2)) == 2


def test_nothing_is_near(lexicon):
    assert lexicon.search("xylophone") == []


def test_empty_question(lexicon):
    with pytest.raises(ValueError, match="empty question"):
        lexicon.search(" ")


def test_empty_lexicon(fake_model):
    fake_model("lexis.search.get_cached_model")
    assert Lexicon([]).search("anything") == []


async def test_several_questions(lexicon):
    ships, bread = await lexicon.find("ships on the coast", "bread and cakes")
    assert (words(ships)[0], words(bread)[0]) == ("harbour", "bakery")

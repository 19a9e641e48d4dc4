import pytest
from docindex.ranking import Index, words_of


def test_words():
    assert words_of("The ship, the SHIP") == {"the": 2, "ship": 2}


@pytest.mark.parametrize(
    ("query", "best"),
    [("hull", "ship"), ("wing", "plane"), pytest.param("hull wing", "plane", id="both-plane")],
)
def test_best(query, best):
    index = Index()
    index.put("ship", "a hull and a keel")
    index.put("plane", "a wing and a wing")
    assert index.search(query)[0][0] == best


def test_nothing_fits():
    assert Index().search("anything") == []

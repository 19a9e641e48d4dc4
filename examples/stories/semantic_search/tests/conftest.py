import pytest
from lexis import Entry


@pytest.fixture(scope="session")
def entries():
    return [
        Entry("monarch", "a king or queen who rules a country"),
        Entry("bakery", "a shop where bread and cakes are made"),
        Entry("harbour", "a place on the coast where ships are safe"),
        Entry("harvest", "the time when crops are gathered from the fields"),
    ]

"""A neighbour with nothing wrong: for programs that die before they have a test."""


def test_one():
    pass


def test_two():
    pass

"""An innocent test of the same product."""


def test_cosine():
    from similarity import cosine

    assert cosine([1.0, 0.0], [0.0, 1.0]) == 0

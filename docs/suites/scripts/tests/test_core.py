def test_one():
    assert True


def test_two():
    assert 1 + 1 == 2

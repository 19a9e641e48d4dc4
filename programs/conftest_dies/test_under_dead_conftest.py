"""Its conftest cannot be imported, so nothing here is known."""


def test_never_known():
    pass

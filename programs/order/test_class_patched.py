"""A method is replaced on the class and never put back."""


class Cart:
    def total(self):
        return 3


def test_before():
    assert Cart().total() == 3


def test_patches_the_class():
    Cart.total = lambda self: 0
    assert Cart().total() == 0


def test_between():
    Cart.discount = 1


class TestCart:
    def test_other(self):
        assert Cart().discount if hasattr(Cart, "discount") else True

    def test_victim(self):
        assert Cart().total() == 3

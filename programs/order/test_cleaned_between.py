"""One pollutes, the next cleans up, a third pollutes again: only the last one is guilty."""

import decimal


def test_pollutes():
    decimal.getcontext().prec = 3


def test_cleans():
    decimal.getcontext().prec = 28


def test_between():
    assert decimal.Decimal(1) + 1 == 2


def test_pollutes_again():
    decimal.getcontext().prec = 2


def test_victim():
    assert decimal.Decimal(1000) + 1 == 1001

"""Fixtures leave the interpreter: one calls it success, one does not."""

import os

import pytest


@pytest.fixture
def leaves_with_0():
    os._exit(0)


@pytest.fixture
def leaves_with_3():
    os._exit(3)


def test_before():
    pass


def test_exit_0(leaves_with_0):
    pass


def test_exit_3(leaves_with_3):
    pass


def test_after():
    pass

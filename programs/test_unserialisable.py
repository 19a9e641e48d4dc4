"""Reports with values that no protocol can carry."""

import sys
import threading

import pytest


class Sulky:
    """An object that does not even want to be shown."""

    def __repr__(self):
        raise RuntimeError("no repr for you")


class Unpicklable(Exception):
    def __init__(self, one, two):
        super().__init__("made of two")
        self.lock = threading.Lock()
        self.sulky = Sulky()

    def __reduce__(self):
        raise TypeError("not to be pickled")


class Unspeakable(Exception):
    def __str__(self):
        raise RuntimeError("no str for you")

    __repr__ = __str__


def test_before():
    pass


def test_property(record_property):
    record_property("lock", threading.Lock())
    record_property("sulky", Sulky())
    record_property("bytes", b"\xff\x00")
    record_property("surrogate", "\ud800")
    record_property("plain", 1)


def test_report_section(request):
    request.node.add_report_section("call", "mine", "\x00 and \ud800")


@pytest.mark.parametrize("value", [object(), sys, lambda: None, Sulky(), b"\xff", "\x00", "\ud800"])
def test_parameter(value):
    pass


def test_unpicklable():
    raise Unpicklable(1, 2)


def test_unspeakable():
    raise Unspeakable


def test_sulky_in_assertion():
    assert Sulky() == 1


def test_after():
    pass

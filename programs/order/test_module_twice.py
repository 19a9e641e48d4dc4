"""A module is imported a second time: its exceptions are no longer those that others catch."""

import configparser
import sys


def test_before():
    assert not configparser.ConfigParser().sections()


def test_imports_it_again():
    del sys.modules["configparser"]
    import configparser

    assert not configparser.ConfigParser().sections()


def test_between():
    assert not configparser.ConfigParser().sections()


def test_victim():
    from configparser import ConfigParser

    try:
        ConfigParser().get("section", "option")
    except configparser.NoSectionError:
        pass

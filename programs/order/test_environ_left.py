"""A variable of the environment outlives its test."""

import os
import tempfile


def test_before():
    os.environ["UNRELATED_OF_ORDER"] = "1"


def test_leaves_a_variable():
    os.environ["TMPDIR"] = "/nowhere/to/be/found"
    tempfile.tempdir = None


def test_between():
    del os.environ["TMPDIR"], os.environ["UNRELATED_OF_ORDER"]


def test_leaves_it_again():
    os.environ["TMPDIR"] = "/nowhere/to/be/found"


def test_victim():
    assert os.path.isdir(os.environ.get("TMPDIR", "/"))

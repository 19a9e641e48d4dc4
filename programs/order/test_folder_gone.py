"""The working folder is deleted; a later test asks for it."""

import os
import tempfile


def test_before():
    assert os.getcwd()


def test_deletes_its_folder():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    os.rmdir(folder)


def test_between():
    pass


def test_victim():
    assert os.getcwd()

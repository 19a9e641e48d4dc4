"""Small suites that several files here run."""

from __future__ import annotations

#: A conftest that writes the id and the pid of each test that really ran.
RECORD = """
import os
from pathlib import Path

import pytest

@pytest.fixture(autouse=True)
def _record(request):
    with (Path(__file__).parent / "ran.txt").open("a") as file:
        file.write(f"{request.node.nodeid}\\t{os.getpid()}\\n")
"""


def read_record(path):
    """Return [(node id, pid)] in the order in which the tests ran."""
    lines = (path / "ran.txt").read_text().splitlines()
    return [(nodeid, int(pid)) for nodeid, pid in (line.split("\t") for line in lines)]


#: Two packages, three modules, one class, six tests.
LEVELS = {
    "conftest.py": RECORD,
    "pkg_a/__init__.py": "",
    "pkg_a/test_1.py": """
def test_x(): pass
class TestC:
    def test_m1(self): pass
    def test_m2(self): pass
def test_y(): pass
""",
    "pkg_a/test_2.py": "def test_z(): pass\n",
    "pkg_b/__init__.py": "",
    "pkg_b/test_3.py": "def test_w(): pass\n",
}

#: Everything a test can end as in plain pytest, and names that are hard to carry.
MIXED = {
    "test_one.py": """
import logging
import warnings

import pytest

def test_pass(record_property):
    record_property("key", "value")
    print("said by the one that passes")

def test_fail():
    print("said by the one that fails")
    logging.getLogger("mixed").warning("logged by the one that fails")
    value = {"a": 1}
    assert value == {"a": 2}

@pytest.mark.skip(reason="not today")
def test_skip(): pass

@pytest.mark.xfail(reason="known")
def test_xfail(): assert 0

@pytest.mark.xfail(reason="was known")
def test_xpass(): pass

@pytest.fixture
def bad_setup():
    raise ValueError("no set-up")

def test_setup_error(bad_setup): pass

@pytest.fixture
def bad_teardown():
    yield
    raise ValueError("no teardown")

def test_teardown_error(bad_teardown): pass

@pytest.mark.parametrize("value", ["a[b]", "c::d", "e f", "", "\\u00e9", "x/y.py::test_z[1]"])
def test_param(value): pass

def test_warns():
    warnings.warn("beware of the mixed suite", UserWarning)

class TestClass:
    def test_method(self, tmp_path):
        (tmp_path / "file").write_text("x")
""",
    "sub/test_two.py": """
import pytest

@pytest.fixture(scope="module", params=["red", "green"])
def colour(request): return request.param

def test_colour_first(colour): pass

def test_colour_second(colour): assert colour == "red"

@pytest.mark.special
def test_special(): pass
""",
    "pytest.ini": "[pytest]\nmarkers = special: for -m\n",
}

SEGV = "import ctypes; ctypes.string_at(0)"

#: One crash among healthy tests.
ONE_CRASH = {
    "test_crash.py": f"""
def test_before(): pass
def test_guilty(): {SEGV}
def test_after(): pass
"""
}

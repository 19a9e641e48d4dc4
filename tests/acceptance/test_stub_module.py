"""`stub_module` replaces a module for one test, and nobody else sees it."""

from __future__ import annotations

import pytest
from conftest import shown

HEAVY = {
    "heavy/__init__.py": "from . import core\nVALUE = 'real'\n",
    "heavy/core.py": "NAME = 'real core'\n",
    "product.py": "import heavy\ndef value(): return heavy.VALUE\n",
}
TEST = """
import os, sys
import heavy
import pytest

SEEN = heavy, heavy.core, os.getpid()

def test_stubbed(stub_module):
    stub = stub_module("heavy", VALUE="stub", **{"nn.layers.Linear": 7})
    import heavy
    from heavy.nn.layers import Linear
    import product
    assert heavy is stub and Linear == 7 and product.value() == "stub"
    with pytest.raises(AttributeError, match=r"stub_module\\('heavy', core=...\\)"):
        heavy.core
    with pytest.raises(ImportError, match="heavy.core"):
        import heavy.core
    stub_module("heavy.core", NAME="stub core")
    from heavy.core import NAME
    assert NAME == "stub core" and heavy.core.NAME == "stub core"

def test_a_submodule_alone(stub_module):
    stub_module("heavy.core", NAME="stub core")
    assert sys.modules["heavy"] is SEEN[0] and heavy.core.NAME == "stub core"

def test_undone():
    assert (sys.modules["heavy"], sys.modules["heavy.core"]) == SEEN[:2]
    assert heavy.core is SEEN[1]
    assert not [name for name in sys.modules if name.startswith("heavy.nn")]

def test_bad(stub_module):
    with pytest.raises(ValueError, match="'a b' is no name of a module"):
        stub_module("a b")
"""


@pytest.mark.parametrize("level", ["", "session", "module"])
def test_a_module_is_replaced_for_one_test(run, files, level):
    """With submodules, and undone exactly, with isolation and without."""
    files({**HEAVY, "test_a.py": TEST})
    finished = run(*([f"--isolate={level}"] if level else []), "-p", "no:cacheprovider")
    assert finished.counts == {"passed": 4}, shown(finished)


def test_who_uses_it_has_a_process_of_its_own(run, files):
    """What a test imports while the stub stands keeps it; so no other test may share its process."""
    test = (
        "import product_user\ndef test_1(stub_module):\n    stub_module('heavy', VALUE='stub')\n"
        "    import product\n    assert product.value() == 'stub'\n"
        "def test_2():\n    import product\n    assert product.value() == 'real'\n"
    )
    files({**HEAVY, "product_user.py": "", "test_a.py": test})
    assert run().counts == {"passed": 1, "failed": 1}
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 2}, shown(finished)


STUBBED = """
import os, sys, types
from unittest import mock
stub = types.ModuleType("heavy")
stub.VALUE = "stub"
sys.modules["heavy"] = stub
sys.modules["heavy.core"] = mock.MagicMock()
sys.modules["absent"] = types.ModuleType("absent")
import product, pytest
from heavy.core import anything
@pytest.fixture(scope="module", autouse=True)
def wide():
    import heavy
    assert heavy is stub
def test_stubbed():
    import heavy, product
    assert heavy is stub and product.value() == "stub"
def test_in_the_same_process():
    assert sys.modules["heavy"] is stub
"""
#: It finds `product` imported, by a file before it, as it would in plain pytest.
LATER = STUBBED.replace("product", "json").replace("json.value()", "json.loads('\"stub\"')")
REAL = """
import absent, heavy, heavy.core, product
def test_real():
    assert heavy.VALUE == product.value() == "real" and heavy.core.NAME == "real core"
"""


@pytest.mark.parametrize(
    "how",
    [
        ("--isolate=session",),
        ("--isolate=session", "-n2"),
        ("--isolate=module", "--isolate-start=spawn"),
        ("--isolate=function",),
    ],
    ids=" ".join,
)
def test_a_stub_at_the_top_of_a_file(run, files, how):
    """Only the tests of that file see it, in a process of their own; also what it imported."""
    files({**HEAVY, "test_a.py": STUBBED, "test_b.py": REAL, "test_c.py": LATER})

    finished = run(*how)

    assert finished.counts == {"passed": 5}, shown(finished)
    assert not finished.section("left behind")

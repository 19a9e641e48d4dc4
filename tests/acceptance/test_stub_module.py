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

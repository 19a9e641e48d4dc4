"""Why a second import of a package with native code failed is said; of a first one nothing is."""

from __future__ import annotations

import importlib
import shutil
import sys

import pytest

from pytest_bulkhead.guards.reimports import explain_reimport
from pytest_bulkhead.system import natives

ONCE = """
import sys
import reimported._json
if hasattr(sys, "_reimported"):
    raise RuntimeError("function 'scan' already has a docstring")
sys._reimported = True
"""


@pytest.fixture
def package(native_extension, tmp_path, monkeypatch):
    """A package that can be imported once: an extension of Python's under another name."""
    folder = tmp_path / "reimported"
    folder.mkdir()
    (folder / "__init__.py").write_text(ONCE)
    (folder / "broken.py").write_text("import reimported.absent")
    shutil.copy(native_extension, folder)
    monkeypatch.syspath_prepend(str(tmp_path))
    natives.watch_natives()
    monkeypatch.setattr(sys, "_reimported", None, raising=False)
    del sys._reimported
    importlib.import_module("reimported")
    yield "reimported"
    for name in [name for name in sys.modules if name.partition(".")[0] == "reimported"]:
        del sys.modules[name]
    natives._loaded.pop("reimported._json", None)


def why(action, evicted=()):
    """Return what is said of what an action raises, and the line in this file that did it."""
    with pytest.raises((RuntimeError, ImportError)) as caught:
        action()
    return explain_reimport(caught.value, dict(evicted))


def test_an_import_after_somebody_evicted_it(package):
    """Who that was, and where it was imported again."""
    del sys.modules[package]

    said = why(lambda: importlib.import_module(package), {package: "a.py::test"})

    assert said.startswith("reimported was taken out of sys.modules by a.py::test, and imported")
    assert f"at {__file__}:" in said


def test_an_import_after_the_test_itself_evicted_it(package):
    """Nobody was found yet: the test is not over."""
    del sys.modules[package]

    assert "by this test, and imported again" in why(lambda: importlib.import_module(package))


def test_a_reload(package):
    """It needs no eviction."""
    module = sys.modules[package]

    assert "reimported was reloaded at " in why(lambda: importlib.reload(module))


def test_a_cause_that_was_wrapped(package):
    """As numpy does it: the cause of the exception is looked at too."""
    del sys.modules[package]

    def imports():
        try:
            importlib.import_module(package)
        except RuntimeError as problem:
            raise ImportError("see the manual") from problem

    assert "by this test, and imported again" in why(imports)


def test_a_first_import_that_fails(package):
    """A part that cannot be imported at all is no second import."""
    assert why(lambda: importlib.import_module(f"{package}.broken")) == ""
    assert why(lambda: importlib.import_module("reimported_absent")) == ""

"""What a file has stubbed is told from what packages do to `sys.modules` themselves."""

from __future__ import annotations

import importlib
import sys
import types
from unittest import mock

import pytest

from pytest_bulkhead.stubbed_files import _find

#: Parts of itself that a package puts there instead of what the import system would, as torch does.
ODD = """
import sys, types
sys.modules[__name__ + ".part"] = types.SimpleNamespace()
"""


@pytest.fixture
def before(tmp_path, monkeypatch):
    """What was imported before a file; afterwards it is so again."""
    for name in ("stubbed_odd", "stubbed_user"):
        (tmp_path / name).mkdir()
    (tmp_path / "stubbed_odd" / "__init__.py").write_text(ODD)
    (tmp_path / "stubbed_odd" / "part.py").write_text("")
    (tmp_path / "stubbed_user" / "__init__.py").write_text("from stubbed_odd.part import thing")
    monkeypatch.syspath_prepend(str(tmp_path))
    with mock.patch.dict(sys.modules):
        yield dict(sys.modules)


def test_what_a_package_puts_there_itself(before):
    """It is no stub, though a file of that name could be imported."""
    importlib.import_module("stubbed_odd")

    assert list(_find(before, None)) == []


@pytest.mark.parametrize("stub", [types.SimpleNamespace(thing=object()), mock.MagicMock()])
def test_a_stub_and_who_imported_it(before, stub):
    """Also of a part alone, where the package was imported earlier; the file itself stays."""
    importlib.import_module("stubbed_odd")
    del sys.modules["stubbed_odd.part"]
    before = dict(sys.modules)
    sys.modules["stubbed_odd.part"] = stub
    own = importlib.import_module("stubbed_user")

    assert list(_find(before, own)) == [("stubbed_odd.part", stub)]
    assert list(_find(before, None)) == [("stubbed_odd.part", stub), ("stubbed_user", own)]


def test_a_stub_for_what_nobody_could_import(before):
    """It shadows nothing."""
    sys.modules["stubbed_absent"] = types.ModuleType("stubbed_absent")
    sys.modules["stubbed_absent.part"] = mock.MagicMock()

    assert list(_find(before, None)) == []

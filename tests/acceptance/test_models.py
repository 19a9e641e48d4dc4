"""A model is loaded once where processes can share it, and told once where it cannot be loaded."""

from __future__ import annotations

import pytest
from conftest import shown

SUITE = {
    "conftest.py": """
import os
from pytest_bulkhead.models import shared_model

def load(name):
    with open("loads.txt", "a") as file:
        file.write(f"{name} {os.getpid()}\\n")
    if name == "absent":
        raise OSError("no folder of that name")
    if name == "leaving":
        raise SystemExit("unknown option")
    return {"name": name}

model = shared_model("model", load, "present")
narrow = shared_model("narrow", load, "present", scope="module")
absent = shared_model("absent", load, "absent")
leaving = shared_model("leaving", load, "leaving")
""",
    "p/__init__.py": "",
    "p/test_a.py": """
from conftest import load
from pytest_bulkhead.models import shared
def test_changes(model): model["name"] = "changed"
def test_next(model): assert model["name"] == "present"
class TestMethods:
    def test_method(self, narrow, model): assert narrow is model
    def test_body(self, model): assert shared(load, "present") is model
""",
    "q/__init__.py": "",
    "q/test_b.py": "def test_other(narrow): pass\ndef test_more(model): pass\n",
    "test_c.py": "def test_last(model): assert model == {'name': 'present'}\n",
}


def loads(path):
    """Return the names of what was loaded, one for each time."""
    file = path / "loads.txt"
    names = [line.split()[0] for line in file.read_text().splitlines()] if file.exists() else []
    file.unlink(missing_ok=True)
    return names


def test_function_isolation_loads_once_and_shields_the_next(run, files):
    """With one worker and with three: each test finds the model as it was loaded; plainly, the next does not.

    The guard says that it cannot watch a model without weights.
    """
    files(SUITE)
    plain = run("-p", "no:randomly")
    assert plain.counts == {"passed": 5, "failed": 2}, shown(plain)
    assert loads(run.path) == ["present"]
    for args in (("--isolate=function",), ("--isolate=function", "-n", "3")):
        finished = run(*args, "-o", "isolate_guards=off models=report")
        assert finished.counts == {"passed": 7, "warnings": 1}, shown(finished)
        assert "guard models: model (load('present')) is not watched" in finished.out
        assert loads(run.path) == ["present"], args


@pytest.mark.parametrize(
    "args",
    [("--isolate=session", "-n", "2"), ("--isolate=module",), ("--isolate=package", "-n", "2")],
    ids=" ".join,
)
def test_wider_levels_load_once(args, run, files):
    """Also after a crash, and where each worker is a session of its own; what else is of the session is each worker's own."""
    crash = "import ctypes\ndef test_dies(model): ctypes.string_at(0)\ndef test_lives(model, log): pass\n"
    log = """
@pytest.fixture(scope="session")
def log(): load("log")
"""
    conftest = f"import pytest\n{SUITE['conftest.py']}{log}"
    files({**SUITE, "conftest.py": conftest, "test_d.py": crash, "test_e.py": crash})
    finished = run(*args, "-k", "not changes")
    assert finished.counts == {"passed": 8, "crashed": 2, "deselected": 1}, shown(finished)
    found = loads(run.path)
    assert found.count("present") == 1, (found, shown(finished))
    assert (found.count("log") == 1) == ("session" not in args[0]), found


def test_a_failure_is_told_once_and_not_tried_again(run, files, tmp_path, monkeypatch):
    """By a fixture and by `shared`, in processes forked and spawned: later tests name the first and its cause; no file is left."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    body = "from conftest import load\nfrom pytest_bulkhead.models import shared\n"
    files(
        {
            **SUITE,
            "p/test_a.py": f"{body}def test_1(absent): pass\ndef test_2(absent): pass\n",
            "q/test_b.py": f"{body}def test_3(absent): pass\ndef test_4(): shared(load, 'absent')\n",
            "test_c.py": f"{body}def test_5(leaving): pass\ndef test_6(leaving): pass\n",
        }
    )
    for args in (
        ("-p", "no:bulkhead"),
        ("--isolate=function",),
        ("--isolate=module", "-o", "isolate_start=spawn"),
    ):
        finished = run(*args)
        assert finished.counts == {"error": 5, "failed": 1}, shown(finished)
        assert sorted(loads(run.path)) == ["absent", "leaving"], args
        assert finished.out.count("first met by test_c.py::test_5") == 2, shown(finished)
        assert finished.out.count('raise OSError("no folder of that name")') == 1, shown(finished)
        first = "p/test_a.py::test_1"
        assert finished.out.count(f"first met by {first}") == 4, shown(finished)
    assert not list(tmp_path.glob("*.notes"))

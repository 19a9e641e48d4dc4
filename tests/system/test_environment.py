"""Specification of `environment`: variables set and put back, and who was there before."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pytest_bulkhead.environment.importers import line_of_import
from pytest_bulkhead.environment.variables import set_variables


def _run(code: str, path: Path, **environ: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True, text=True, timeout=60, check=True, cwd=path, env={**os.environ, **environ},
    )  # fmt: skip
    return done.stdout.splitlines()


def test_variables_are_set_and_put_back(monkeypatch):
    """Only those that change count; what is put back is as it was, unset included."""
    for name, value in {"BULKHEAD_A": "1", "BULKHEAD_B": "2"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("BULKHEAD_C", raising=False)
    wanted = {"BULKHEAD_A": "1", "BULKHEAD_B": None, "BULKHEAD_C": ""}

    before = set_variables(wanted)
    during = [os.environ.get(name) for name in wanted]
    set_variables(before)

    assert before == {"BULKHEAD_B": "2", "BULKHEAD_C": None}
    assert during == ["1", None, ""]
    assert [os.environ.get(name) for name in wanted] == ["1", "2", None]


def test_the_time_zone_takes_effect(monkeypatch):
    """The C library has read `TZ` before, and is told to read it again."""
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()

    before = set_variables({"TZ": "Asia/Tokyo"})
    during = time.localtime(0).tm_hour
    set_variables(before)

    assert (during, time.localtime(0).tm_hour) == (9, 0)


WRITES = """
import os
from pytest_bulkhead.system import environ
environ.watch_reads("B")
environ.watch_writes("A", "B", "C")
import writer
print(environ.last_write_of("A"))
print(environ.last_write_of("B"))
print(environ.last_write_of("C") or "nowhere")
print(environ.first_read_of("B").value)
print(os.environb[b"A"], os.environ["A"])
"""


def test_who_changed_a_variable_is_noted(tmp_path):
    """The last line that set or unset it, and who read it; `os.environb` stays a view of the same."""
    (tmp_path / "writer.py").write_text(
        "import os\nos.environ['A'] = '1'\nos.environ['A'] = '2'\nos.environ.pop('B')\n"
    )

    writer = tmp_path / "writer.py"
    assert _run(WRITES, tmp_path, B="x", C="x") == [
        f"{writer}:3", f"{writer}:4", "nowhere", f"{writer}:4", "b'2' 2",
    ]  # fmt: skip


IMPORTERS = """
import outer, late
from pytest_bulkhead.environment.importers import importer_of
for name in ("victim", "victim.part", "late", "absent"):
    print(importer_of(name) or "nobody")
"""


def test_who_imported_a_module_is_found_afterwards(tmp_path):
    """By file and line, in a function too; the module's own parts and command lines do not count."""
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "__init__.py").write_text("import victim.part\n")
    (tmp_path / "victim" / "part.py").write_text("")
    (tmp_path / "bystander.py").write_text("victim = 1\n")
    (tmp_path / "late.py").write_text("import victim\n")
    (tmp_path / "outer.py").write_text(
        "import bystander\n\ndef load():\n    from victim import part\n\nload()\n"
    )

    outer = f"{tmp_path / 'outer.py'}:4"
    assert _run(IMPORTERS, tmp_path) == [outer, outer, "nobody", "nobody"]


@pytest.mark.parametrize(
    ("line", "source"),
    [
        (1, "import numpy"),
        (2, "import os\nimport numpy.linalg as linalg\nimport numpy"),
        (1, "from numpy.linalg import norm"),
        (3, "def f():\n    'numpy'\n    import os, numpy"),
        (0, "from .numpy import x\nimport numpy_like\nnumpy = 1"),
    ],
)
def test_the_line_of_an_import(line, source):
    """The first that imports the package or a part of it, wherever in the file."""
    assert line_of_import(source, "numpy") == line


FORCE = """
import os
from pytest_bulkhead.core.environment.merged import merge
from pytest_bulkhead.core.environment.in_force import differences
from pytest_bulkhead.environment.force import Force

asked = merge([], {"PYTHONMALLOC": "5", "MALLOC_ARENA_MAX": "1", "A": "1", "GONE": None})
force = Force(asked)
force.apply()
print(os.environ["A"], "GONE" in os.environ, [late.variable for late in force.late])
print([found.text[:9] for found in differences(asked, force.late, force.look())])
os.environ["A"] = "2"
print([found.text[:9] for found in differences(asked, force.late, force.look())])
force.undo()
print(os.environ.get("A"), os.environ["GONE"], os.environ.get("PYTHONMALLOC"))
"""


def test_an_environment_in_force(tmp_path):
    """It is set, what came too late or was changed since is told, and it is taken away again."""
    environ = {"GONE": "x", "MALLOC_ARENA_MAX": "1"}

    assert _run(FORCE, tmp_path, **environ) == [
        "1 False ['PYTHONMALLOC']",
        "['PYTHONMAL']",
        "[\"A is '2',\", 'PYTHONMAL']",
        "None x None",
    ]


def test_who_goes_through_all_variables_reads_none(tmp_path):
    """Neither by `items`, `values` nor `copy`: tqdm does so when it is imported, and asks for no worker."""
    (tmp_path / "early.py").write_text(
        "import os\nlist(os.environ.items()), list(os.environ.values()), os.environ.copy()\n"
    )
    code = (
        "from pytest_bulkhead.system import environ\nenviron.watch_reads('B')\nimport early\n"
        "print(repr(environ.first_read_of('B').value), environ.reads_of('B'))"
    )
    assert _run(code, tmp_path, B="1") == ["'' 0"]

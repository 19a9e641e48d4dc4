"""Specification of `imports`: the watch changes nothing of what it watches, and clashes are found."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

START = """
import sys
from pytest_bulkhead.imports.watch import Watch
watch = Watch()
stop = watch.start()
"""


AS_LONG = "\n" * START.count("\n")


def _run(code: str, path: Path, **files: str) -> str:
    for name, text in files.items():
        (path / f"{name}.py").write_text(text)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=path, capture_output=True, text=True, timeout=60, check=False
    )  # fmt: skip
    return done.stdout + done.stderr


HOW = {
    "statement": "import outer",
    "function": "import importlib; importlib.import_module('outer')",
    "package": "import shelf.outer",
}


@pytest.mark.parametrize("how", HOW.values(), ids=HOW)
def test_tracebacks_and_warnings_are_as_ever(how, tmp_path):
    """What a module raises, and warns its importer of, looks the same; `import_module` shows a line more."""
    files = {
        "outer": "import inner\nimport broken\n",
        "inner": "import warnings\nwarnings.warn('beware', stacklevel=2)\n",
        "broken": "1 / 0\n",
    }
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf/__init__.py").touch()
    (tmp_path / "shelf/outer.py").write_text(files["outer"])
    plain, watched = (_run(start + how, tmp_path, **files) for start in (AS_LONG, START))

    assert "ZeroDivisionError" in plain
    assert "outer.py:1: UserWarning: beware" in plain
    own = [line for line in watched.splitlines() if "in _load_unlocked" not in line]
    shown = [line for line in plain.splitlines() if "in _load_unlocked" not in line]
    assert own == shown


NESTED = """
import passes_on, small, passes_on.part
for one in watch.take(): print(one.package, one.own >= 0.05, one.total >= 0.05, one.times, one.place)
stop()
import after
print(watch.take(), sys.modules['_frozen_importlib']._load_unlocked.__module__)
"""

BUSY = "import time\nend = time.perf_counter() + 0.05\nwhile time.perf_counter() < end: pass\n"


def test_each_pays_its_own(tmp_path):
    """With the line that led to it; what is small is one; after its end nothing is watched."""
    (tmp_path / "passes_on").mkdir()
    (tmp_path / "passes_on/__init__.py").write_text("def load():\n    import busy\nload()\n")
    (tmp_path / "passes_on/part.py").touch()
    out = _run(START + NESTED, tmp_path, busy=BUSY, small="", after="")

    lines = out.splitlines()
    assert f"busy True True 1 {tmp_path / 'passes_on/__init__.py'}:2" in lines, out
    assert lines[-1] == "[] _frozen_importlib", out
    assert " False False " in lines[-2], out


THREADS = """
import os, threading
def load(name): __import__(name)
threads = [threading.Thread(target=load, args=(name,)) for name in ("one", "two")]
for thread in threads: thread.start()
for thread in threads: thread.join()
pid = os.fork()
if pid == 0:
    import three
    print(sorted(one.package for one in watch.take()), flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(sorted(one.package for one in watch.take() if one.package))
"""


def test_threads_and_forks(tmp_path):
    """Each thread has its own spans; a child tells what it imported itself, and nothing of its parent's."""
    out = _run(START + THREADS, tmp_path, one=BUSY, two=BUSY, three=BUSY)

    assert out == "['three']\n['one', 'two']\n", out


CLASHES = """
import sys, ctypes
from pytest_bulkhead.imports.clashes import Clashes
clashes = Clashes()
import wave, conftest
import fakeomp
{load}
for text in clashes.look(): print(text)
print(clashes.look())
"""


def test_what_hides_an_installed_module_is_named(tmp_path):
    """Both files, once; a name that everybody has is no matter."""
    (tmp_path / "fakeomp.py").touch()
    site = tmp_path / "lib/site-packages"
    site.mkdir(parents=True)
    (site / "conftest.py").touch()
    (site / "fakeomp.py").touch()
    own = CLASHES.format(load="").replace(
        "import sys,", f"import sys; sys.path.append({str(site)!r}); import"
    )
    out = _run(own, tmp_path, wave="", conftest="").splitlines()  # fmt: skip

    import wave

    hidden = {"wave": wave.__file__, "fakeomp": str(site / "fakeomp.py")}
    wanted = [
        f"{name} is {tmp_path / name}.py, which hides {behind} further down sys.path"
        for name, behind in hidden.items()
    ]
    assert out == [*wanted, "()"]


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")
def test_two_runtimes_of_openmp_are_named(tmp_path):
    """With their files and whose they are, once."""
    _ctypes = pytest.importorskip("_ctypes")
    (tmp_path / "fakeomp.libs").mkdir()
    (tmp_path / "fakeomp").mkdir()
    (tmp_path / "fakeomp/__init__.py").touch()
    paths = tmp_path / "fakeomp.libs/libgomp-1.so", tmp_path / "libiomp5.so"
    for path in paths:
        path.write_bytes(Path(_ctypes.__file__).read_bytes())
    load = "\n".join(f"ctypes.CDLL({os.fspath(path)!r})" for path in paths)
    out = _run(CLASHES.format(load=load).replace("wave, ", ""), tmp_path, conftest="")

    told = (
        f"2 OpenMP runtimes are in one process: {paths[0]} (of fakeomp), {paths[1]} (of no package)"
    )
    assert out.splitlines() == [told, "()"]

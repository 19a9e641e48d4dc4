"""Without `--isolate`, by option or ini, no process is started and nothing changes."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from conftest import shown
from suites import MIXED, RECORD, read_record


def test_tests_run_in_the_process_of_the_user(run, files):
    """No process is started: the tests' pid is that of the pytest the user started."""
    text = "import os, pathlib\ndef test_a():\n    kids = pathlib.Path(f'/proc/self/task/{os.getpid()}/children').read_text()\n    assert kids == ''\n"
    files({"conftest.py": RECORD, "test_a.py": text})
    running = run.start()
    finished = running.finish()
    assert finished.counts == {"passed": 1}, shown(finished)
    assert read_record(run.path) == [("test_a.py::test_a", running.process.pid)]


def test_output_is_the_same_with_and_without_the_plugin(run, files):
    """The same lines, but for the list of plugins."""
    files(MIXED)

    def lines(*args):
        text = re.sub(r"\d+\.\d+s|0x[0-9a-f]+", "", run("-rA", *args).out)
        return [line for line in text.splitlines() if not line.startswith("plugins:")]

    assert lines("-p", "no:cacheprovider") == lines("-p", "no:cacheprovider", "-p", "no:bulkhead")


def test_marks_are_registered_and_inert(run, files):
    """Marks of ours, wrong ones included, pass --strict-markers and do nothing."""
    files(
        {
            "conftest.py": RECORD,
            "test_m.py": """
import time, pytest
@pytest.mark.isolate("function")
def test_1(): pass
@pytest.mark.isolate("galaxy")
def test_2(): pass
@pytest.mark.isolate(group="g")
def test_3(): pass
@pytest.mark.timeout(0.1)
def test_4(): time.sleep(0.5)
""",
        }
    )
    finished = run("--strict-markers", "-W", "error")
    assert finished.counts == {"passed": 4}, shown(finished)
    assert len({pid for _, pid in read_record(run.path)}) == 1
    marks = run("--markers").out
    assert "@pytest.mark.isolate" in marks


def test_n_without_isolate_is_xdists_own(run, files):
    """`-n 2` alone is pytest-xdist, untouched."""
    files({"test_a.py": "def test_a(worker_id): assert worker_id in ('gw0', 'gw1')\n"})
    finished = run("-n", "2", "-v")
    assert finished.counts == {"passed": 1}, shown(finished)
    assert "created: 2/2 workers" in finished.out


@pytest.mark.parametrize("args", [("--help",), ("--version",), ("--markers",), ("--fixtures",)])
def test_options_that_run_nothing(args, run, files):
    """They work with `--isolate` too, and start nothing."""
    files({"test_a.py": "def test_a(): pass\n"})
    assert run("--isolate=session", *args).code == 0


def test_import_is_light():
    """The plugin's module brings in nothing that only an isolated run needs."""
    code = "import pytest, sys; a = set(sys.modules); import pytest_bulkhead.plugin; print(*(set(sys.modules) - a))"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    loaded = set(out.stdout.split())
    for part in ("controller", "template", "worker", "keeper", "cli", "environment", "imports"):
        assert f"pytest_bulkhead.{part}" not in loaded
    assert not loaded & {
        "asyncio",
        "multiprocessing",
        "psutil",
        "json",
        "xdist",
        "wrapt",
        "threadpoolctl",
    }


def test_ini_can_be_switched_off(run, files):
    """What the ini file switches on, `-o isolate=` switches off."""
    files(
        {
            "conftest.py": RECORD,
            "test_a.py": "def test_a(): pass\n",
            "pytest.ini": "[pytest]\nisolate = function\n",
        }
    )
    running = run.start("-o", "isolate=")
    finished = running.finish()
    assert finished.code == 0, shown(finished)
    assert read_record(run.path)[0][1] == running.process.pid

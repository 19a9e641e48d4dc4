"""Where processes are spawned, the next interpreter is ready before it is needed."""

from __future__ import annotations

import re

import pytest
from conftest import shown

#: Says who imports it.
HEAVY = "import os\nwith open('seen', 'a') as file: file.write(f'{os.getpid()}\\n')\n"
#: Waits, but in the last module, until the process of the next one has imported it too.
TEST = """
import heavy, pathlib, time
def test_one():
    limit = time.monotonic() + 30
    while len(set(pathlib.Path("seen").read_text().splitlines())) < EXPECTED:
        assert time.monotonic() < limit, "nobody imports it ahead"
"""


@pytest.mark.parametrize(
    ("options", "expected"),
    # The template, the processes so far, and the next one.
    [((), [3, 4, 4]), (("-n", "2"), [4, 4, 4])],
)
def test_the_next_interpreter_imports_while_a_test_runs(
    run, files, no_process_left, options, expected
):
    """Each module's process has imported what is common before the module before it has ended."""
    modules = {f"test_{n}.py": TEST.replace("EXPECTED", str(e)) for n, e in enumerate(expected)}
    files({"heavy.py": HEAVY, **modules})
    finished = run("--isolate=module", "-o", "isolate_start=spawn", *options)

    assert finished.counts == {"passed": 3}, shown(finished)
    assert len((run.path / "seen").read_text().splitlines()) == 4
    no_process_left(finished)


def test_what_a_file_sets_before_it_imports_is_not_too_late(run, files):
    """A module that is imported below other statements is imported by nobody ahead."""
    early = "import os\nos.environ['MODE'] = 'tests'\nimport heavy\n"
    test = early + "def test_one(): assert heavy.mode == 'tests'\n"
    files({"heavy.py": "import os\nmode = os.environ.get('MODE', '')\n"})
    files({f"test_{n}.py": test for n in range(3)})
    assert run("--isolate=module", "-o", "isolate_start=spawn").counts == {"passed": 3}


def test_a_module_that_would_come_from_elsewhere_is_not_imported_ahead(run, files):
    """Two folders have a `common.py` each; every test gets that of its own folder."""
    for folder in "ab":
        files({f"{folder}/common.py": f"NAME = {folder!r}\n"})
        test = f"import common\ndef test_one(): assert common.NAME == {folder!r}\n"
        files({f"{folder}/test_{folder}{n}.py": test for n in range(2)})
    isolated = run("--isolate=module", "-o", "isolate_start=spawn", "a", "b")
    assert isolated.counts == {"passed": 4}, shown(isolated)


def test_a_spare_that_dies_is_only_missed(run, files, no_process_left):
    """Whatever kills an interpreter before its time, no test is lost and nothing is reported."""
    heavy = (
        "import os, sys\nif not any(name.startswith('test_0') for name in sys.modules):\n"
        "    os._exit(7)\n"
    )
    test = "import heavy\ndef test_one(): pass\n"
    files({"heavy.py": heavy, **{f"test_0{n}.py": test for n in range(3)}})
    finished = run("--isolate=module", "-o", "isolate_start=spawn", "--isolate-report=run.jsonl")
    assert finished.counts == {"passed": 3}, shown(finished)
    assert finished.code == 0
    journal = (run.path / "run.jsonl").read_text()
    # One died as a spare or just adopted, and perhaps another one that was waiting by then.
    assert journal.count('"event": "WorkerJoined"') == 3
    assert len(re.findall(r'"event": "(?:Spare|Worker)Ended"', journal)) in (4, 5)
    no_process_left(finished)


def test_a_spare_that_is_not_needed_leaves_in_order(run, files, no_process_left):
    """It runs its exit functions, and the run waits for that."""
    conftest = (
        "import atexit, os\n@atexit.register\ndef leave():\n"
        "    open(f'left-{os.getpid()}', 'w').close()\n"
    )
    tests = {f"test_{n}.py": "def test_one(): assert False\n" for n in range(3)}
    files({"sub/conftest.py": conftest, **{f"sub/{name}": text for name, text in tests.items()}})
    finished = run("--isolate=module", "-o", "isolate_start=spawn", "-x", "sub")
    assert finished.counts == {"failed": 1}, shown(finished)
    # The controller, the template, the worker, the spare.
    assert len(list(run.path.glob("left-*"))) == 4
    no_process_left(finished)


@pytest.mark.parametrize("value", ["-1", "many"])
def test_a_number_of_spares_that_is_none(run, files, value):
    """It is a usage error that names the value and the key."""
    files({"test_a.py": "def test_one(): pass\n"})
    finished = run("--isolate=module", "-o", f"isolate_spares={value}")
    assert finished.code == 4
    assert f"ini key isolate_spares: {value!r} is no whole number" in finished.out

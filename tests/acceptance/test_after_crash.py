"""After a crash the rest of the group goes on in a new process, and the report says so."""

from __future__ import annotations

import re

import pytest
from conftest import shown
from suites import RECORD, SEGV, read_record

SUITE = f"""
import os, pathlib
import pytest

def note(text):
    with pathlib.Path("log.txt").open("a") as file:
        file.write(text + "\\n")

@pytest.fixture(scope="session")
def wide():
    note("session up")
    yield
    note("session down")

@pytest.fixture(scope="module")
def middle(wide):
    note("module up")
    yield
    note("module down")

@pytest.fixture
def narrow(middle):
    note("function up")
    yield
    note("function down")

def test_1(narrow): note("1")
def test_2(narrow): note("2")
def test_3(narrow):
    note("3")
    {SEGV}
def test_4(narrow): note("4")
def test_5(narrow): note("5")
"""
LOG = """session up,module up,function up,1,function down,function up,2,function down,function up,3,\
session up,module up,function up,4,function down,function up,5,function down,module down,session down"""


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("level", ["session", "module"])
def test_fixtures_are_set_up_again_once(level, start, run, files):
    """Wide fixtures are set up once more in the new process, used by all that is left, torn down.

    But for those of the session that modules' processes are forked with: these stand.
    """
    files({"test_f.py": SUITE})
    finished = run(f"--isolate={level}", "-o", f"isolate_start={start}")
    assert finished.counts == {"passed": 4, "crashed": 1}, shown(finished)
    expected = LOG.split(",")
    if (level, start) == ("module", "fork"):
        expected.reverse()
        expected.remove("session up")
        expected.reverse()
    assert (run.path / "log.txt").read_text().split("\n")[:-1] == expected


def test_report_says_that_fixtures_were_set_up_again(run, files):
    """A person reads in the section `crashes` what happened to the rest of the group."""
    files({"test_f.py": SUITE})
    finished = run("--isolate=session")
    assert re.search(r"set up again", finished.out), shown(finished)


def test_rest_of_the_group_shares_the_new_process(run, files):
    """Two processes for a group with one crash, and the order stays."""
    files({"conftest.py": RECORD, "test_f.py": SUITE})
    finished = run("--isolate=session")
    record = read_record(run.path)
    assert [nodeid[-1] for nodeid, _ in record] == list("12345"), shown(finished)
    pids = [pid for _, pid in record]
    assert len(set(pids[:3])) == len(set(pids[3:])) == 1
    assert pids[0] != pids[3]


def test_crasher_is_never_run_again(run, files):
    """Not the test, not the wide fixture that crashed in set-up, not the file that crashed at import."""
    wide = f"import pytest\n@pytest.fixture(scope='module')\ndef wide():\n    open('fixture','a').write('x')\n    {SEGV}\n"
    files(
        {
            "test_a.py": f"def test_a():\n    open('test','a').write('x')\n    {SEGV}\ndef test_b(): pass\n",
            "test_f.py": wide + "".join(f"def test_{n}(wide): pass\n" for n in range(4)),
            "test_i.py": f"open('import','a').write('x')\n{SEGV}\n",
        }
    )
    finished = run("--isolate=module", "--continue-on-collection-errors")
    assert finished.counts == {"passed": 1, "crashed": 2, "error": 4}, shown(finished)
    for name in ("test", "fixture", "import"):
        assert (run.path / name).read_text() == "x", name


def test_a_module_fixture_that_crashes_only_once_in_one_module_spares_the_other(run, files):
    """The same fixture of another module is tried there: it is another instance."""
    conftest = f"""
import pytest
@pytest.fixture(scope="module")
def shared(request):
    if request.module.__name__ == "test_a":
        {SEGV}
"""
    tests = "def test_1(shared): pass\ndef test_2(shared): pass\n"
    files({"conftest.py": conftest, "test_a.py": tests, "test_b.py": tests})
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 2, "crashed": 1, "error": 1}, shown(finished)


def test_parameter_of_a_fixture_that_crashes_spares_the_others(run, files):
    """One parameter's instance of a wide fixture crashes; the others are set up."""
    files(
        {
            "test_p.py": f"""
import pytest
@pytest.fixture(scope="module", params=[1, 2, 3])
def wide(request):
    if request.param == 2:
        {SEGV}
def test_1(wide): pass
def test_2(wide): pass
"""
        }
    )
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 4, "crashed": 1, "error": 1}, shown(finished)


def test_every_test_crashes(run, files):
    """Twenty crashes of twenty tests are twenty states and one end."""
    files(
        {
            "test_a.py": "import os, pytest\n@pytest.mark.parametrize('n', range(20))\ndef test_a(n): os.abort()\n"
        }
    )
    finished = run("--isolate=session")
    assert finished.counts == {"crashed": 20}, shown(finished)
    assert finished.code == 1


def test_import_crash_without_going_on_is_plain_pytests_interruption(run, files):
    """One collection error, exit status 2, no test run: as when the import raises."""
    files({"test_i.py": SEGV, "test_a.py": "def test_a(): pass\n"})
    finished = run("--isolate=session")
    assert finished.code == 2, shown(finished)
    assert "Interrupted: 1 error during collection" in finished.out
    assert finished.counts == {"error": 1}


def test_several_files_crash_at_import(run, files):
    """Each is a collection error of its own; the rest runs."""
    files({f"test_i{n}.py": SEGV for n in range(3)} | {"test_z.py": "def test_a(): pass\n"})
    finished = run("--isolate=session", "--continue-on-collection-errors")
    assert finished.counts == {"passed": 1, "error": 3}, shown(finished)
    assert finished.code == 1


@pytest.mark.parametrize(
    ("body", "end"),
    [
        (SEGV, "SIGSEGV"),
        ("import os; os.abort()", "SIGABRT"),
        ("import os; os._exit(0)", "exit code 0"),
    ],
)
def test_root_conftest_that_dies_is_a_usage_error(body, end, run, files, no_process_left):
    """It dies before anything of ours could contain it; still the run names the file and its end."""
    files({"conftest.py": body + "\n", "test_a.py": "def test_a(): pass\n"})
    finished = run("--isolate=session")
    assert finished.code == 4, shown(finished)
    assert "conftest.py" in finished.out
    assert end in finished.out
    no_process_left(finished)


def test_atexit_runs_in_the_process_that_registered_it(run, files):
    """The template's once, the worker's in the worker."""
    files(
        {
            "test_a.py": """
import atexit, os
def tell(what): open("exits", "a").write(f"{what} {os.getpid()}\\n")
atexit.register(tell, "import")
def test_a():
    open("test_pid", "w").write(str(os.getpid()))
    atexit.register(tell, "test")
def test_b(): pass
"""
        }
    )
    finished = run("--isolate=function")
    assert finished.counts == {"passed": 2}, shown(finished)
    lines = [line.split() for line in (run.path / "exits").read_text().splitlines()]
    assert [what for what, _ in lines].count("import") == 1
    assert ["test", (run.path / "test_pid").read_text()] in lines


def test_a_breach_at_exit_names_the_tests_of_its_process(run, files):
    """One error of the run, with the tests that ran there; none of them changes its state."""
    text = "import atexit\ndef test_a():\n    import ctypes; atexit.register(ctypes.string_at, 0)\ndef test_b(): pass\n"
    files({"test_a.py": text, "test_c.py": "def test_c(): pass\n"})
    finished = run("--isolate=module", "-v")
    assert finished.counts == {"passed": 3, "error": 1}, shown(finished)
    assert finished.code == 1
    assert "SIGSEGV" in finished.out
    for words in finished.words.values():
        assert "PASSED" in words


def test_an_interrupt_raised_at_import_ends_the_run_as_in_plain_pytest(run, files):
    """A file that raises KeyboardInterrupt: exit status 2, with the place, and no test run."""
    files({"test_a.py": "def test_a(): pass\n", "test_b.py": "raise KeyboardInterrupt\n"})
    finished = run("--isolate=session")
    assert finished.code == run().code == 2, shown(finished)
    assert "test_b.py:1: KeyboardInterrupt" in finished.out


@pytest.mark.parametrize("level", ["session", "module"])
def test_no_test_runs_when_collection_failed(level, run, files):
    """As in plain pytest, every time: no worker is started before the errors are known."""
    files({"a/test_1.py": "def test_x(): pass\n" * 3, "b/test_2.py": "import nope\n"})
    for _ in range(4):
        finished = run(f"--isolate={level}")
        assert finished.counts == {"error": 1}, shown(finished)
        assert finished.code == 2


def test_exit_at_import_is_an_error_of_that_file(run, files):
    """A script among the tests that calls sys.exit when it is imported ends nothing."""
    files({"test_a.py": "import sys\nsys.exit(0)\n", "test_b.py": "def test_b(): pass\n"})
    finished = run("--isolate=session", "--continue-on-collection-errors")
    assert finished.counts == {"passed": 1, "error": 1}, shown(finished)
    assert "SystemExit" in finished.section("ERRORS")


def test_a_hook_that_ends_the_template_is_no_files_fault(run, files):
    """A crash in pytest_collection_modifyitems names no file as the one that was imported."""
    hook = "import os\ndef pytest_collection_modifyitems(): os._exit(4)\n"
    files({"conftest.py": hook, "test_a.py": "def test_a(): pass\n"})
    finished = run("--isolate=session")
    assert finished.code not in (0, None)
    assert "was imported" not in finished.out, shown(finished)


def test_what_a_test_patches_does_not_silence_its_worker(run, files):
    """A patched os.getpid or socket method is the test's own affair."""
    files(
        {
            "test_patch.py": """
import os, socket

def test_pid(monkeypatch):
    monkeypatch.setattr(os, "getpid", lambda: 42)

def test_socket(monkeypatch):
    monkeypatch.setattr(socket.socket, "send", None, raising=False)
    monkeypatch.setattr(socket.socket, "sendall", None, raising=False)
"""
        }
    )
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 2}, shown(finished)


def test_a_wide_fixture_that_crashed_is_not_set_up_by_workers_that_wait(run, files):
    """A parametrised session fixture sends the order through all modules and back."""
    files(
        {
            "conftest.py": f"""
import pytest
@pytest.fixture(scope="session", params=[1, 2])
def wide(request): yield request.param
@pytest.fixture(scope="session")
def broken(): {SEGV}
"""
        }
        | {f"test_{n}.py": "def test_a(wide): pass\ndef test_b(broken): pass\n" for n in range(3)}
    )
    finished = run("--isolate=module")
    assert finished.counts == {"passed": 6, "crashed": 1, "error": 2}, shown(finished)


def test_errors_of_collection_are_told_as_in_plain_pytest(run, files):
    """The same sections, the same short summary, the same line on what was collected."""
    files(
        {
            "test_a.py": "def test_a(): pass\n",
            "test_import.py": "import nope\n",
            "test_syntax.py": "def (\n",
            "test_value.py": "raise ValueError('broken')\n",
            "test_skip.py": "import pytest\npytest.skip('no', allow_module_level=True)\n",
        }
    )
    told = [
        [line for line in run(*args).without_noise() if line]
        for args in ((), ("--isolate=session",))
    ]
    ours = [line for line in told[1] if not line.startswith("isolate: ")]
    assert [line.removeprefix("collecting ... ") for line in told[0]] == ours

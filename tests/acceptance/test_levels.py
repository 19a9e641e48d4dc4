"""The isolation level is a fixture scope: tests in one instance of it share one process.

Shown by pids that the tests themselves write down.
"""

from __future__ import annotations

import importlib.util

import pytest
from conftest import shown
from suites import LEVELS, RECORD, read_record

PROCESSES = {"session": 1, "package": 2, "module": 3, "class": 5, "function": 6}


def pids(path):
    return {nodeid.rpartition("::")[2]: pid for nodeid, pid in read_record(path)}


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("level", PROCESSES)
def test_tests_of_one_instance_share_a_process(level, start, run, files):
    """As many processes as the scope has instances; a class's methods stay together at `class`."""
    files(LEVELS)
    finished = run(f"--isolate={level}", "-o", f"isolate_start={start}")
    assert finished.counts == {"passed": 6}, shown(finished)
    found = pids(run.path)
    assert len(set(found.values())) == PROCESSES[level]
    if level == "class":
        assert found["test_m1"] == found["test_m2"]


@pytest.mark.parametrize("level", PROCESSES)
def test_order_is_plain_pytests(level, run, files):
    """With one worker, tests run in the order of plain pytest."""
    files(LEVELS)
    run()
    plain = [nodeid for nodeid, _ in read_record(run.path)]
    (run.path / "ran.txt").unlink()
    finished = run(f"--isolate={level}")
    assert [nodeid for nodeid, _ in read_record(run.path)] == plain, shown(finished)


@pytest.mark.parametrize("level", PROCESSES)
def test_order_is_plain_pytests_when_wide_parameters_interleave(level, run, files):
    """Parameters of a session fixture interleave modules; the order stays, at every level."""
    text = "def test_a(wide): pass\ndef test_b(): pass\ndef test_c(wide): pass\n"
    wide = "\n@pytest.fixture(scope='session', params=[1, 2])\ndef wide(request): pass\n"
    files({"conftest.py": RECORD + wide, "test_1.py": text, "test_2.py": text})
    run()
    plain = [nodeid for nodeid, _ in read_record(run.path)]
    (run.path / "ran.txt").unlink()
    finished = run(f"--isolate={level}")
    assert [nodeid for nodeid, _ in read_record(run.path)] == plain, shown(finished)


def test_no_test_runs_in_the_process_of_the_user(run, files):
    """The controller runs no test and imports no test module."""
    module = "import os\nimport pathlib\npathlib.Path('importer').write_text(str(os.getpid()))\n"
    files({"conftest.py": RECORD, "test_a.py": module + "def test_a(): pass\n"})
    running = run.start("--isolate=session")
    finished = running.finish()
    assert finished.counts == {"passed": 1}, shown(finished)
    assert running.process.pid not in pids(run.path).values()
    assert int((run.path / "importer").read_text()) != running.process.pid


def test_ini_sets_the_level(run, files):
    """`isolate = module` in the ini file is `--isolate=module`."""
    files({**LEVELS, "pytest.ini": "[pytest]\nisolate = module\n"})
    finished = run()
    assert finished.counts == {"passed": 6}, shown(finished)
    assert len(set(pids(run.path).values())) == 3


def test_option_beats_ini(run, files):
    """What was typed counts more than what was configured."""
    files({**LEVELS, "pytest.ini": "[pytest]\nisolate = module\n"})
    finished = run("--isolate=function")
    assert len(set(pids(run.path).values())) == 6, shown(finished)


def test_option_takes_its_value_and_no_path(run, files):
    """`--isolate session pkg_a` gives the level and the path; nothing is swallowed."""
    files(LEVELS)
    assert run("--isolate", "session", "pkg_b").counts == {"passed": 1}


MARKED = """
import pytest
def test_1(): pass
@pytest.mark.isolate("function")
def test_2(): pass
def test_3(): pass
@pytest.mark.isolate("class")
class TestC:
    def test_4(self): pass
    def test_5(self): pass
"""


def test_mark_tightens(run, files):
    """A marked test gets a process of its own; the others share theirs across it."""
    files({"conftest.py": RECORD, "test_m.py": MARKED})
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 5}, shown(finished)
    found = pids(run.path)
    assert found["test_1"] == found["test_3"]
    assert found["test_4"] == found["test_5"]
    assert len(set(found.values())) == 3


def test_mark_never_loosens(run, files):
    """A wide mark under a tight level changes nothing."""
    module = "import pytest\npytestmark = pytest.mark.isolate('session')\n"
    files({"conftest.py": RECORD, "test_m.py": module + "def test_1(): pass\ndef test_2(): pass\n"})
    finished = run("--isolate=function")
    assert len(set(pids(run.path).values())) == 2, shown(finished)


@pytest.mark.parametrize(
    "mark", ["isolate(group='g')", "xdist_group('g')", "xdist_group(name='g')"]
)
def test_group_shares_a_process_of_its_own(mark, run, files):
    """Tests of one group share a process, across modules, and with nobody else."""
    text = f"import pytest\n@pytest.mark.{mark}\ndef test_in_{{0}}(): pass\ndef test_out_{{0}}(): pass\n"
    files({"conftest.py": RECORD, "test_a.py": text.format("a"), "test_b.py": text.format("b")})
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 4}, shown(finished)
    found = pids(run.path)
    assert found["test_in_a"] == found["test_in_b"] != found["test_out_a"] == found["test_out_b"]


def test_group_only_tightens(run, files):
    """Under `module`, a group's tests in two modules stay apart."""
    text = "import pytest\n@pytest.mark.isolate(group='g')\ndef test_{0}(): pass\n"
    files({"conftest.py": RECORD, "test_a.py": text.format("a"), "test_b.py": text.format("b")})
    run("--isolate=module")
    found = pids(run.path)
    assert found["test_a"] != found["test_b"]


WRONG = {
    "unknown scope": ("@pytest.mark.isolate('galaxy')", "galaxy"),
    "scope is no text": ("@pytest.mark.isolate(3)", "3"),
    "nothing": ("@pytest.mark.isolate()", "nothing"),
    "unknown argument": ("@pytest.mark.isolate(scoop='module')", "scoop"),
    "two scopes": ("@pytest.mark.isolate('class')\n@pytest.mark.isolate('function')", "contradict"),
    "two groups": (
        "@pytest.mark.isolate(group='a')\n@pytest.mark.isolate(group='b')",
        "contradict",
    ),
    "group is no text": ("@pytest.mark.isolate(group=1)", "group"),
    "timeout is no number": ("@pytest.mark.timeout('soon')", "soon"),
}


@pytest.mark.parametrize("case", WRONG)
def test_wrong_mark_is_a_usage_error_that_names_the_test(case, run, files):
    """Exit status 4, the test's node id and the value in the message, no test run."""
    mark, word = WRONG[case]
    files({"test_m.py": f"import pytest\n{mark}\ndef test_marked(): open('ran', 'w')\n"})
    finished = run("--isolate=session")
    assert finished.code == 4, shown(finished)
    assert "test_m.py::test_marked" in finished.out
    assert word in finished.out
    assert "Traceback" not in finished.out
    assert not (run.path / "ran").exists()


@pytest.mark.parametrize("args", [("--isolate=bogus",), ("-o", "isolate=bogus")])
def test_unknown_level_is_a_usage_error(args, run, files):
    """Exit status 4, and the levels that there are."""
    files({"test_a.py": "def test_a(): pass\n"})
    finished = run(*args)
    assert finished.code == 4, shown(finished)
    assert "bogus" in finished.out
    assert "function" in finished.out


@pytest.mark.skipif(importlib.util.find_spec("pytest_forked"), reason="pytest-forked serves it")
def test_forked_is_an_old_word_for_function(run, files):
    """Without pytest-forked, `--forked` means `--isolate=function`, and its mark is honoured."""
    files(LEVELS)
    finished = run("--forked")
    assert finished.counts == {"passed": 6}, shown(finished)
    assert len(set(pids(run.path).values())) == 6
    (run.path / "ran.txt").unlink()
    files({"test_f.py": "import pytest\n@pytest.mark.forked\ndef test_f(): pass\n"})
    finished = run("--isolate=session")
    assert len(set(pids(run.path).values())) == 2, shown(finished)


@pytest.mark.parametrize("level", PROCESSES)
def test_fixtures_are_set_up_as_in_plain_pytest_within_a_process(level, run, files):
    """Each scope is set up once for each process and instance, and torn down, in plain order.

    Stages set wider ones up, as often as plain pytest: those of the session for a process for each
    module or package, all of them for a process for each class or test.
    """
    scopes = ("session", "package", "module", "class", "function")
    fixtures = "".join(
        f"@pytest.fixture(scope='{s}', autouse=True)\ndef f_{s}():\n"
        f"    note('+{s}')\n    yield\n    note('-{s}')\n"
        for s in scopes
    )
    note = (
        "import os, pathlib\nLOG = pathlib.Path(__file__).parent / 'log.txt'\n"
        "def note(text):\n    with LOG.open('a') as f: f.write(f'{text} {os.getpid()}\\n')\n"
    )
    files({**LEVELS, "conftest.py": RECORD + note + fixtures})
    run()
    log = run.path / "log.txt"
    plain = [line.split()[0] for line in log.read_text().splitlines()]
    log.unlink()
    finished = run(f"--isolate={level}")
    lines = [line.split() for line in log.read_text().splitlines()]
    words = [word for word, _ in lines]
    if level in ("session", "class", "function"):
        assert words == plain, shown(finished)
        return
    for scope in scopes:
        ups, downs = words.count(f"+{scope}"), words.count(f"-{scope}")
        # The package of the root conftest is the session's.
        least = 1 if scope in ("session", "package") else PROCESSES[level]
        assert ups == downs == max(plain.count(f"+{scope}"), least), scope


SHARED = """
import os, threading
import pytest

@pytest.fixture(scope="session")
def model():
    print("loaded")
    open("loads", "a").write(f"{os.getpid()}\\n")
    yield []
    open("unloads", "a").write(f"{os.getpid()}\\n")

@pytest.fixture(scope="session")
def server():
    stop = threading.Event()
    thread = threading.Thread(target=stop.wait)
    thread.start()
    yield os.getpid()
    stop.set()
    thread.join()
"""
USERS = """
import ctypes, os
def test_pristine(model):
    model.append(1)
    assert len(model) == 1
def test_dies(model):
    if DIES: ctypes.string_at(0)
    assert len(model) == 1
def test_after(model):
    assert len(model) == AFTER
def test_server(server):
    assert server == os.getpid()
"""


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_modules_share_the_fixtures_of_the_session(options, run, files):
    """Set up once for the run, each module's process has them as they were made, also after a crash.

    One that starts a thread cannot be shared: each process that needs it sets it up by itself.
    """
    modules = {
        f"test_{n}.py": USERS.replace("DIES", str(n == 1)).replace("AFTER", "0" if n == 1 else "1")
        for n in range(3)
    }
    files({"conftest.py": SHARED, **modules})
    finished = run("--isolate=module", *options)
    assert finished.counts == {"passed": 11, "crashed": 1}, shown(finished)
    loads = (run.path / "loads").read_text().splitlines()
    # The second one is of another try, after the server had shown that it cannot be shared.
    assert len(loads) <= 2
    assert (run.path / "unloads").read_text().splitlines() == loads
    finished = run("--isolate=module", "-o", "isolate_stage=never", *options)
    assert len((run.path / "loads").read_text().splitlines()) >= len(loads) + 4, shown(finished)

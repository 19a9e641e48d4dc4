"""What a test leaves behind is found and named, put back, or an error, as the user asks."""

from __future__ import annotations

import re
import shutil

import pytest
from conftest import read_journal, shown

#: Each test leaves one thing behind; the name says which guard finds it.
MESSY = """
import asyncio, concurrent.futures, decimal, faulthandler, gc, logging, multiprocessing, os, signal, sys, threading, time
import pytest
EVENT, KEPT = threading.Event(), []
def test_clean(): pass
def test_environ(): os.environ["LEFT"] = "x"
def test_cwd(tmp_path): os.chdir(tmp_path)
def test_argv(): sys.argv.append("--odd")
def test_imports(): sys.path.insert(0, "/nowhere")
def test_threads(): threading.Thread(target=EVENT.wait, name="poller", daemon=True).start()
def test_signals(): signal.signal(signal.SIGUSR1, lambda *_: None); signal.alarm(1000)
def test_hooks(): sys.excepthook = print
def test_collector(): gc.disable()
def test_umask(): os.umask(0o777)
def test_logging(): logging.getLogger().setLevel(5)
def test_decimal(): decimal.getcontext().prec = 3
def test_recursion(): sys.setrecursionlimit(5000)
def test_timezone(monkeypatch): monkeypatch.setenv("TZ", "Asia/Tokyo"); time.tzset()
def test_asyncio(): asyncio.set_event_loop(asyncio.new_event_loop())
def test_files(): KEPT.append(os.open("/dev/null", os.O_RDONLY))
def test_multiprocessing(): multiprocessing.set_start_method("spawn", force=True)
def test_faulthandler(): faulthandler.dump_traceback_later(1000)
@pytest.mark.leaves("environ", reason="meant")
def test_accepted(): os.environ["MEANT"] = "x"
@pytest.fixture(scope="module")
def tidy():
    os.environ["TIDY"] = "1"
    yield
    del os.environ["TIDY"]
@pytest.fixture(scope="module")
def careless(): os.environ["CARELESS"] = "1"
@pytest.fixture(scope="module")
def executor():
    with concurrent.futures.ThreadPoolExecutor() as one:
        yield one
def test_executor(executor): executor.submit(int).result()
def test_fails(tidy, careless): assert False
"""
GUILTY = (
    "environ", "cwd", "argv", "imports", "threads", "signals", "hooks", "collector", "umask", "logging", "decimal",
    "recursion", "timezone", "asyncio", "files", "multiprocessing", "faulthandler",
)  # fmt: skip


def said(finished):
    """Return {guard: what the section says of it}, the guard's line being `guard: advice`."""
    told, guard = {}, ""
    for line in finished.section("left behind").splitlines():
        if line[:1].isalpha():
            guard = line.partition(":")[0]
        else:
            told[guard] = told.get(guard, "") + line + "\n"
    return told


@pytest.mark.parametrize("level", ["session", "function"])
def test_report_names_who_left_what_and_changes_nothing(run, files, level):
    """Outcomes as in plain pytest; each thing under its guard, with the test or fixture to blame.

    A wide fixture that puts back what it changed is blamed for nothing, nor is a test for what that
    holds or starts when it is used, nor one that accepts it.
    """
    files({"test_messy.py": MESSY})
    finished = run(
        f"--isolate={level}", "--isolate-report=run.jsonl", "--junitxml=junit.xml",
    )  # fmt: skip
    assert finished.counts == {"passed": 20, "failed": 1}, shown(finished)
    told = said(finished)
    for guard in GUILTY:
        assert f"test_messy.py::test_{guard}" in told[guard], (guard, shown(finished))
    assert "CARELESS was added\n    module careless of test_messy.py" in told["environ"]
    assert "the thread poller (threading.Event.wait), started at" in told["threads"]
    for innocent in ("test_clean", "TIDY", "MEANT", "ThreadPoolExecutor"):
        assert innocent not in finished.section("left behind"), shown(finished)
    found = [
        row["evidence"]["finding"]
        for row in read_journal(run.path / "run.jsonl")
        if "finding" in row.get("evidence", {})
    ]
    assert {one["guard"] for one in found} >= set(GUILTY)
    assert [one["blamed"] for one in found if one["done"] == "accepted"] == [
        "test_messy.py::test_accepted"
    ]
    assert (
        'name="left_behind" value="cwd: the current folder is'
        in (run.path / "junit.xml").read_text()
    )


def test_restore_puts_back_and_fail_is_an_error_at_teardown(run, files):
    """What cannot be put back is said to be so; an error leaves the test's own outcome as it was."""
    files({"test_messy.py": MESSY})
    finished = run(
        "--isolate=session", "-o", "isolate_guards=restore threads=report files=report environ=fail"
    )
    # The test that left a variable, and the last one, with which a careless fixture ends.
    assert finished.counts == {"passed": 20, "failed": 1, "error": 2}, shown(finished)
    told = said(finished)
    for guard in set(GUILTY) - {"threads", "files", "environ"}:
        assert "(put back)" in told[guard], (guard, shown(finished))
    assert "LEFT was added (an error)" in told["environ"]
    assert "traceback entries are hidden" not in finished.out, "of an error that is but a text"
    after = "\n".join([
        "import gc, os, signal, sys, decimal", "CWD = os.getcwd()", "def test_first(tmp_path):",
        "    os.chdir(tmp_path); gc.disable(); signal.alarm(99); decimal.getcontext().prec = 3",
        "    os.environ['A'] = 'x'", "def test_second():",
        "    assert os.getcwd() == CWD and gc.isenabled() and not signal.alarm(0)",
        "    assert decimal.getcontext().prec == 28 and 'A' not in os.environ",
    ])  # fmt: skip
    (run.path / "test_messy.py").unlink()
    files({"test_after.py": after})
    spawned = ("-o", "isolate_start=spawn")
    assert run("--isolate=session", *spawned, "-o", "isolate_guards=restore").counts == {
        "passed": 2
    }


def test_guards_can_be_off(run, files):
    """Then nobody looks, and the run is that of plain pytest."""
    files({"test_messy.py": MESSY})
    finished = run("--isolate=session", "-o", "isolate_guards=off")
    assert finished.counts == {"passed": 20, "failed": 1}, shown(finished)
    assert not finished.section("left behind")


@pytest.mark.parametrize(
    ("arguments", "text", "told"),
    [
        (["-o", "isolate_guards=reprot"], "", "'reprot' is none of off, report, restore, fail"),
        (["-o", "isolate_guards=thread=fail"], "", "there is no guard 'thread', there are "),
        (["-o", "isolate_gc=never"], "", "ini key isolate_gc: 'never' is none of auto"),
        (["-o", "isolate_reset=a.b"], "", "isolate_reset"),
        ([], "@pytest.mark.leaves('thread')\n", "test_a.py::test_a: mark leaves: there is no guard 'thread'"),
    ],
)  # fmt: skip
def test_bad_values_are_usage_errors(run, files, arguments, text, told):
    """They name the value, where it stands, and what there is."""
    files({"test_a.py": f"import pytest\n{text}def test_a(): pass\n"})
    finished = run("--isolate=session", *arguments)
    assert finished.code == 4, shown(finished)
    assert told in finished.out
    assert "Traceback" not in finished.out


def test_attributes_are_reset_after_each_test(run, files):
    """When their module is loaded, which this never does."""
    files({
        "single.py": "instance = None\n", "unloaded.py": "raise SystemExit\n",
        "pytest.ini": "[pytest]\nisolate_reset =\n    single.instance = None\n    unloaded.x = 1\n",
        "test_a.py": "import single\ndef test_1(): single.instance = 7\n"
        "def test_2(): assert single.instance is None\n",
    })  # fmt: skip
    assert run("--isolate=session").counts == {"passed": 2}


def test_a_hook_says_how_a_thread_is_stopped(run, files):
    """Under `restore` it is asked first, and the thread is waited for."""
    files({
        "conftest.py": "def pytest_bulkhead_stop_thread(thread):\n"
        "    if thread.name == 'poller':\n        thread.over.set()\n        return True\n",
        "test_a.py": "import threading\n"
        "def test_1():\n    event = threading.Event()\n"
        "    one = threading.Thread(target=event.wait, name='poller')\n"
        "    one.over = event; one.start()\n"
        "def test_2(): assert 'poller' not in str(threading.enumerate())\n",
    })  # fmt: skip
    finished = run("--isolate=session", "-o", "isolate_guards=threads=restore")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert "(put back)" in said(finished)["threads"]


def test_collection_can_be_deferred(run, files):
    """Nothing is collected during a teardown, and all garbage once a module is done."""
    files({
        "test_a.py": "import gc, weakref\nimport pytest\nREFS = []\n"
        "class Node: pass\n"
        "@pytest.fixture\ndef off():\n    yield\n    assert not gc.isenabled()\n"
        "def test_1(off):\n    assert gc.isenabled()\n    gc.set_threshold(10**6)\n"
        "    node = Node(); node.itself = node; REFS.append(weakref.ref(node))\n"
        "def test_2():\n    assert gc.isenabled() and REFS[0]() is not None\n",
        "test_b.py": "import test_a\ndef test_3(): assert test_a.REFS[0]() is None\n",
    })  # fmt: skip
    finished = run("--isolate=session", "-o", "isolate_gc=defer-teardown")
    assert finished.counts == {"passed": 3}, shown(finished)


#: A package with native code, which can be imported once: an extension of Python's under another name.
HEAVY = """
import sys, heavy._json
if hasattr(sys, "_heavy"):
    raise RuntimeError("function 'scan' already has a docstring")
sys._heavy = True
"""
EVICTING = """
import sys, unittest.mock
import plain
def test_first_import():
    with unittest.mock.patch.dict(sys.modules):
        import heavy
def test_second_import():
    import heavy
def test_plain():
    del sys.modules["plain"]
    import plain
"""


@pytest.fixture
def heavy(native_extension, files):
    """A package `heavy` in the current folder."""
    files({"heavy/__init__.py": HEAVY, "plain.py": "", "test_evicts.py": EVICTING})
    shutil.copy(native_extension, "heavy")


@pytest.mark.usefixtures("heavy")
def test_modules_that_were_evicted(run):
    """The test that evicted a package is named with its line; the second import says what it is."""
    finished = run("--isolate=session", "-o", "isolate_guards=report")

    assert finished.counts == {"passed": 2, "failed": 1}, shown(finished)
    told = said(finished)["modules"]
    assert "heavy was taken out of sys.modules: it has native code" in told, shown(finished)
    assert "test_evicts.py:5)" in told
    assert "plain was replaced in sys.modules (at" in told
    why = "heavy was taken out of sys.modules by test_evicts.py::test_first_import"
    assert why in finished.out
    assert re.search(r"and imported again at \S+test_evicts.py:8: it has", finished.out)


@pytest.mark.usefixtures("heavy")
def test_a_second_import_that_crashes(run, files):
    """The crash is that of the test that imports; its report names who evicted the package."""
    files({"heavy/__init__.py": HEAVY.replace("raise", "import os; os.abort()\n    raise")})
    finished = run("--isolate=module", "-o", "isolate_guards=report")

    assert finished.counts == {"passed": 2, "crashed": 1}, shown(finished)
    assert "crashed with SIGABRT in call" in finished.out
    assert (
        "left there by test_evicts.py::test_first_import: modules: heavy was taken" in finished.out
    )


@pytest.mark.parametrize(("level", "told"), [("module", True), ("function", False)])
def test_a_crash_report_tells_what_was_left_in_that_process(level, told, run, files):
    """And not what another test has left in a process that is gone."""
    body = "import ctypes, os\ndef test_leaves(): os.environ['X'] = '1'\n"
    files({"test_a.py": f"{body}def test_crashes(): ctypes.string_at(0)\n"})
    finished = run(f"--isolate={level}")

    assert finished.counts == {"passed": 1, "crashed": 1}, shown(finished)
    assert ("left there by test_a.py::test_leaves: environ: X was added" in finished.out) == told
    assert "X was added" in finished.section("left behind")


@pytest.mark.usefixtures("heavy")
def test_modules_that_were_put_back(run):
    """With `restore` the next import finds the same module."""
    finished = run("--isolate=session", "-o", "isolate_guards=modules=restore")

    assert finished.counts == {"passed": 3}, shown(finished)
    assert "cannot be put back" not in finished.out

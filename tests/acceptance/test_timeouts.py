"""A timeout ends the hung test and nothing else, with its stacks, also when C code holds the GIL."""

from __future__ import annotations

import re

import pytest
from conftest import read_junit, shown

HANGS = {
    "python": "while True: pass",
    "sleep": "time.sleep(600)",
    "gil": "sum(range(10**12))",
    "sigterm ignored": "signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)",
    "all signals blocked": "signal.pthread_sigmask(0, range(1, 65)); time.sleep(600)",
    "lock": "lock = threading.Lock(); lock.acquire(); lock.acquire()",
}
HEAD = "import signal, subprocess, threading, time\nimport pytest\n"
AROUND = HEAD + "def test_before(): pass\ndef test_guilty():\n    {}\ndef test_after(): pass\n"


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.parametrize("hang", HANGS)
def test_only_the_hung_test_is_lost(hang, start, run, files, no_process_left):
    """One timed out, its neighbours passed, and the run comes to its end."""
    files({"test_h.py": AROUND.format(HANGS[hang])})
    finished = run("--isolate=session", "--isolate-timeout=1", "-o", f"isolate_start={start}")
    assert finished.counts == {"passed": 2, "timed out": 1}, shown(finished)
    assert finished.code == 1
    no_process_left(finished)


@pytest.mark.parametrize("hang", ["python", "sleep", "gil"])
def test_stacks_are_dumped_first(hang, run, files):
    """The report shows where the test hung, the GIL held or not."""
    files({"test_h.py": AROUND.format(HANGS[hang])})
    finished = run("--isolate=session", "--isolate-timeout=1", "--junitxml=junit.xml")
    [(tag, message, text)] = read_junit(run.path / "junit.xml")["test_guilty"]
    assert tag == "error", shown(finished)
    assert "timed out" in message
    assert "in call" in message
    assert re.search(r'File ".*test_h\.py", line \d+ in test_guilty', text), text


def test_mark_sets_the_limit(run, files):
    """`@pytest.mark.timeout(s)` counts more than the option, either way."""
    files(
        {
            "test_m.py": HEAD
            + "@pytest.mark.timeout(30)\ndef test_may_take_long(): time.sleep(1.5)\n"
            + "@pytest.mark.timeout(0.5)\ndef test_may_not(): time.sleep(1.5)\n"
            + "@pytest.mark.timeout(timeout=0)\ndef test_no_limit(): time.sleep(1.5)\n"
        }
    )
    finished = run("--isolate=session", "--isolate-timeout=1", "-v")
    assert finished.counts == {"passed": 2, "timed out": 1}, shown(finished)
    assert finished.words["test_may_not"] == {"TIMED OUT"}


def test_limit_is_for_each_test(run, files):
    """The limit counts from the start of each test, not from the start of its process."""
    files({"test_e.py": HEAD + "".join(f"def test_{n}(): time.sleep(0.5)\n" for n in range(4))})
    finished = run("--isolate=session", "--isolate-timeout=1.5")
    assert finished.counts == {"passed": 4}, shown(finished)


def test_setup_and_teardown_count(run, files):
    """A hang in set-up is a timed-out test; one in teardown leaves the test passed, with an error."""
    files(
        {
            "test_f.py": HEAD
            + "@pytest.fixture\ndef up(): time.sleep(600)\n"
            + "@pytest.fixture\ndef down():\n    yield\n    time.sleep(600)\n"
            + "def test_up(up): pass\ndef test_down(down): pass\ndef test_after(): pass\n"
        }
    )
    finished = run("--isolate=session", "--isolate-timeout=1", "--junitxml=junit.xml")
    assert finished.counts == {"passed": 2, "timed out": 1, "error": 1}, shown(finished)
    ends = read_junit(run.path / "junit.xml")
    assert "in setup" in ends["test_up"][0][1]
    assert "in teardown" in ends["test_down"][0][1]


SEES_NONE = """
def test_sees_none():
    import contextlib, pathlib
    time.sleep(0.3)
    for path in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            assert path.read_text() != "sleep\\0601\\0"
"""


def test_children_of_a_hung_test_end_with_it(run, files, no_process_left):
    """What a hung test had started is gone too, while the run goes on."""
    body = "subprocess.Popen(['sleep', '601']); time.sleep(600)"
    files({"test_h.py": AROUND.format(body) + SEES_NONE})
    finished = run("--isolate=session", "--isolate-timeout=1")
    assert finished.counts == {"passed": 3, "timed out": 1}, shown(finished)
    no_process_left(finished)


def test_grace_lets_a_test_tell_something_on_sigterm(run, files):
    """SIGTERM comes before SIGKILL, with time to react."""
    body = "signal.signal(signal.SIGTERM, lambda *_: open('told', 'w').close())\n    while True: time.sleep(0.1)"
    files({"test_h.py": AROUND.format(body)})
    finished = run("--isolate=session", "--isolate-timeout=1")
    assert finished.counts == {"passed": 2, "timed out": 1}, shown(finished)
    assert (run.path / "told").exists()


@pytest.mark.parametrize("value", ["soon", "-1"])
def test_wrong_limit_is_a_usage_error(value, run, files):
    """Exit status 4, and the value."""
    files({"test_a.py": "def test_a(): pass\n"})
    finished = run("--isolate=session", f"--isolate-timeout={value}")
    assert finished.code == 4, shown(finished)
    assert value in finished.out


def test_timeouts_in_parallel_do_not_wait_for_each_other(run, files):
    """Under -n 2 two tests hang at the same time, and both are ended."""
    hang = """
    import pathlib
    pathlib.Path("begun_{}").touch()
    while not pathlib.Path("begun_{}").exists():
        time.sleep(0.01)
    pathlib.Path("beside_{}").touch()
    time.sleep(600)
    """
    files({f"test_{a}.py": AROUND.format(hang.format(a, b, a)) for a, b in ("ab", "ba")})
    finished = run("--isolate=module", "-n", "2", "--isolate-timeout=5")
    assert finished.counts == {"passed": 4, "timed out": 2}, shown(finished)
    assert (run.path / "beside_a").exists()
    assert (run.path / "beside_b").exists()


@pytest.mark.parametrize("value", ["inf", "1e308", "2200000"])
def test_a_limit_longer_than_a_selector_can_wait(value, run, files):
    """No test reaches it, and nothing breaks."""
    files({"test_t.py": "import time\ndef test_a(): time.sleep(0.1)\n"})
    finished = run("--isolate=session", f"--isolate-timeout={value}")
    assert finished.counts == {"passed": 1}, shown(finished)


def test_a_mark_that_is_no_number_of_seconds(run, files):
    """An integer that no float can be is a usage error that names the test."""
    text = "import pytest\n@pytest.mark.timeout(10**400)\ndef test_a(): pass\n"
    files({"test_t.py": text})
    finished = run("--isolate=session")
    assert finished.code == 4
    assert "test_t.py::test_a: mark timeout" in finished.out, shown(finished)


TWO_KINDS = """
def work(): time.sleep(601)
def test_deadlock():
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
def test_loop():
    while True: pass
def test_children():
    import multiprocessing
    subprocess.Popen(["sleep", "602"])
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
"""


def test_a_deadlock_is_told_from_a_loop(run, files):
    """Two looks tell who stands still and who is at work; those below it are named, with their stacks."""
    files({"test_h.py": HEAD + TWO_KINDS})
    finished = run("--isolate=session", "--isolate-timeout=1", "--isolate-report=run.jsonl")
    assert finished.counts == {"timed out": 3}, shown(finished)
    deadlock, loop, children = map(
        finished.section, ("test_deadlock", "test_loop", "test_children")
    )
    assert "it stood still" in deadlock
    assert "in the same lines twice" in deadlock
    assert "it was at work" in loop
    assert "it stood still" in children
    assert re.search(r"below it: +\d+, S \(sleeping\): sleep 602", children), children
    assert re.search(r"Process \d+, below it:\n.*\n.* in work\n", children), children

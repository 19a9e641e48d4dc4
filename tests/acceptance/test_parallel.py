"""`-n N` runs groups in parallel, longest known duration first."""

from __future__ import annotations

import re

import pytest
from conftest import shown
from suites import RECORD, SEGV, read_record

WORKER = """
import os, time
def test_a(worker_id, testrun_uid):
    assert worker_id in ("gw0", "gw1")
    assert os.environ["PYTEST_XDIST_WORKER"] == worker_id
    assert os.environ["PYTEST_XDIST_WORKER_COUNT"] == "2"
    assert testrun_uid == os.environ["PYTEST_XDIST_TESTRUNUID"]
"""


def test_two_tests_run_at_once(run, files):
    """Two tests that wait for each other both pass under -n 2."""
    text = """
import pathlib, time
def test_meet():
    pathlib.Path("{0}").touch()
    for _ in range(500):
        if pathlib.Path("{1}").exists(): return
        time.sleep(0.01)
    raise AssertionError("alone")
"""
    files({"test_a.py": text.format("a", "b"), "test_b.py": text.format("b", "a")})
    for level in ("session", "module", "function"):
        for name in "ab":
            (run.path / name).unlink(missing_ok=True)
        finished = run(f"--isolate={level}", "-n", "2")
        assert finished.counts == {"passed": 2}, shown(finished)


@pytest.mark.parametrize("level", ["session", "module", "function"])
def test_never_more_than_n_at_once(level, run, files):
    """Capacity is never exceeded."""
    text = """
import os, pathlib, time, pytest
@pytest.mark.parametrize("n", range(4))
def test_a(n):
    me = pathlib.Path(f"running-{os.getpid()}")
    me.touch()
    time.sleep(0.05)
    assert len(list(pathlib.Path().glob("running-*"))) <= 2
    me.unlink()
"""
    files({f"test_{n}.py": text for n in range(4)})
    finished = run(f"--isolate={level}", "-n", "2")
    assert finished.counts == {"passed": 16}, shown(finished)


@pytest.mark.parametrize("level", ["session", "module", "function"])
def test_workers_know_who_they_are(level, run, files):
    """`worker_id`, `testrun_uid` and the variables of pytest-xdist, slots used again."""
    files({f"test_{n}.py": WORKER for n in range(6)})
    finished = run(f"--isolate={level}", "-n", "2")
    assert finished.counts == {"passed": 6}, shown(finished)


def test_groups_stay_whole(run, files):
    """Under -n 2 the tests of a module, and of a named group, share one process."""
    module = "def test_1(): pass\ndef test_2(): pass\ndef test_3(): pass\n"
    group = "import pytest\n@pytest.mark.xdist_group('g')\ndef test_g(): pass\n"
    files({"conftest.py": RECORD} | {f"test_m{n}.py": module for n in range(4)})
    finished = run("--isolate=module", "-n", "2")
    assert finished.counts == {"passed": 12}, shown(finished)
    by_module = {}
    for nodeid, pid in read_record(run.path):
        by_module.setdefault(nodeid.partition("::")[0], set()).add(pid)
    assert all(len(found) == 1 for found in by_module.values())
    assert len(set.union(*by_module.values())) == 4
    (run.path / "ran.txt").unlink()
    files({f"test_g{n}.py": group for n in range(3)})
    finished = run("--isolate=session", "-n", "2")
    found = {
        pid
        for nodeid, pid in read_record(run.path)
        if "test_g.py" in nodeid or "::test_g" in nodeid
    }
    assert len(found) == 1, shown(finished)


def test_longest_known_duration_first(run, files):
    """Durations of one run order the groups of the next one; unknown ones come before short ones."""
    text = "import time\ndef test_{0}(): time.sleep({1})\n"
    files({"conftest.py": RECORD})
    files({f"test_{n}.py": text.format(n, 0.02 if n < 5 else 0.5) for n in range(6)})
    finished = run("--isolate=module", "-n", "2")
    assert finished.counts == {"passed": 6}, shown(finished)
    (run.path / "ran.txt").unlink()
    files({"test_9.py": text.format(9, 0.5)})
    finished = run("--isolate=module", "-n", "2")
    order = [nodeid.rpartition("_")[2] for nodeid, _ in read_record(run.path)]
    assert set(order[:2]) == {"5", "9"}, (order, shown(finished))


@pytest.mark.parametrize("value", ["auto", "1", "3", "logical"])
def test_values_of_n(value, run, files):
    """The values that pytest-xdist takes."""
    files({f"test_{n}.py": "def test_a(): pass\n" for n in range(4)})
    finished = run("--isolate=module", "-n", value)
    assert finished.counts == {"passed": 4}, shown(finished)
    assert finished.code == 0


def test_n_0_is_one_worker(run, files):
    """`-n 0` is no parallel run; isolation stays."""
    files({"conftest.py": RECORD, "test_a.py": "def test_a(): pass\n"})
    running = run.start("--isolate=session", "-n", "0")
    finished = running.finish()
    assert finished.counts == {"passed": 1}, shown(finished)
    assert read_record(run.path)[0][1] != running.process.pid


def test_crashes_in_parallel(run, files):
    """Every crash costs its own test, and no neighbour in another worker."""
    text = f"import pytest\n@pytest.mark.parametrize('n', range(10))\ndef test_a(n):\n    if n % 3 == 2:\n        {SEGV}\n"
    files({f"test_{n}.py": text for n in range(4)})
    for level in ("session", "module", "function"):
        finished = run(f"--isolate={level}", "-n", "2")
        assert finished.counts == {"passed": 28, "crashed": 12}, shown(finished)


def test_x_stops_all_workers(run, files):
    """-x under -n 2: no test starts after the failure was reported, apart from those in hand."""
    fails = "def test_a(): assert 0\n"
    waits = "import time, pytest\n@pytest.mark.parametrize('n', range(50))\ndef test_w(n): time.sleep(0.1)\n"
    files({"test_a.py": fails, "test_b.py": waits})
    finished = run("--isolate=module", "-n", "2", "-x")
    assert finished.code == 1 or finished.code == 2, shown(finished)
    assert finished.counts["failed"] == 1
    assert finished.counts.get("passed", 0) <= 5


def test_session_fixture_is_set_up_once_for_each_worker(run, files):
    """At `session`, workers are as many sessions: as with pytest-xdist."""
    conftest = "import os, pytest\n@pytest.fixture(scope='session', autouse=True)\ndef s():\n    open('ups', 'a').write('x')\n    yield\n    open('downs', 'a').write('x')\n"
    files(
        {"conftest.py": conftest}
        | {f"test_{n}.py": "import time\ndef test_a(): time.sleep(0.05)\n" for n in range(8)}
    )
    finished = run("--isolate=session", "-n", "2")
    assert finished.counts == {"passed": 8}, shown(finished)
    assert len((run.path / "ups").read_text()) == len((run.path / "downs").read_text()) <= 2


def test_outcomes_are_told_with_their_worker_when_verbose(run, files):
    """`-v -n 2` names the worker, as pytest-xdist does."""
    files({f"test_{n}.py": "def test_a(): pass\n" for n in range(2)})
    finished = run("--isolate=module", "-n", "2", "-v")
    assert len(re.findall(r"^\[gw[01]\] .*PASSED|PASSED", finished.out, re.M)) == 2, shown(finished)

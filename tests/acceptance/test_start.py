"""Forking happens on proof only; what speaks against it is said."""

from __future__ import annotations

import re

import pytest
from conftest import shown

THREAD = """
import threading, time, os
threading.Thread(target=time.sleep, args=(60,), name="poller", daemon=True).start()
def test_one(): pass
def test_two(): assert os.getpid()
"""


def test_a_thread_at_import_means_spawning(run, files):
    """A suite that starts a thread when it is imported is spawned, and the thread is named."""
    files({"test_thread.py": THREAD})
    finished = run("--isolate=function")

    assert finished.counts == {"passed": 2}
    found = re.search(r"spawned \(1 thread\(s\) beside the main one: (.+?\))\)", finished.out, re.M)
    assert found, shown(finished)
    assert re.fullmatch(r"poller \(Python, started at .*test_thread.py:3\)", found[1])


def test_insisting_on_forking_is_refused_where_it_is_not_safe(run, files):
    """With isolate_start = fork, an unsafe suite is a usage error that says why, and runs nothing."""
    files({"test_thread.py": THREAD})
    finished = run("--isolate=function", "-o", "isolate_start=fork")

    assert finished.code == 4
    assert "isolate_start = fork, but this suite cannot be forked: 1 thread(s)" in finished.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--isolate=modul"], "--isolate: 'modul' is no isolation level; write one of session"),
        (["-o", "isolate=x"], "ini key isolate: 'x' is no isolation level"),
        (["--isolate=session", "--isolate-start=thread"], "--isolate-start: 'thread' is none of"),
        (["--isolate=session", "--isolate-timeout=soon"], "--isolate-timeout: 'soon' is no number"),
        (["--isolate=session", "-p", "no:xdist"], "--isolate needs the plugin pytest-xdist"),
        (["--isolate=session", "--isolate-report=/no/such/dir/x"], "--isolate-report=/no/such/dir"),
    ],
)
def test_bad_values_are_usage_errors(arguments, told, run, files):
    """A value that cannot be is a usage error that names it and where it stands."""
    files({"test_one.py": "def test_one(): pass\n"})
    finished = run(*arguments)

    assert finished.code == 4
    assert told in finished.out
    assert "Traceback" not in finished.out


def test_a_spawned_worker_imports_the_files_of_its_tests_only(run, files):
    """Of three files, each worker imports one, named on the command line or not.

    The template imports all, to know the tests.
    """
    text = """
import os
with open(os.environ["SEEN"], "a") as file:
    file.write(f"{__name__} {os.environ.get('PYTEST_CURRENT_TEST', '')}\\n")
def test_one(): pass
"""
    files({f"sub/test_{name}.py": text for name in "abc"} | {"sub/__init__.py": ""})
    seen = run.path / "seen.txt"
    named = [f"sub/test_{name}.py" for name in "cab"]
    for arguments, imports in [([], 6), (named, 12)]:
        finished = run("--isolate=module", "-o", "isolate_start=spawn", *arguments, SEEN=str(seen))
        assert finished.counts == {"passed": 3}, shown(finished)
        assert len(seen.read_text().splitlines()) == imports


CONNECTION = """
import os, socket
_server = socket.create_server(("127.0.0.1", 0))
def test_one(): pass
def test_two(): pass
"""


def test_a_connection_at_import_means_spawning(run, files):
    """Two workers that shared a socket of a database would read each other's answers."""
    files({"test_socket.py": CONNECTION})
    finished = run("--isolate=function")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert "spawned (a socket that listens on 127.0.0.1:" in finished.out, shown(finished)


def test_why_lists_every_group(run, files):
    """`--isolate-why`: level, start method, reason and seconds of each group."""
    marked = (
        "import pytest\n@pytest.mark.isolate('function')\ndef test_b(): pass\ndef test_c(): pass\n"
    )
    files({"test_a.py": "def test_a(): pass\n", "test_b.py": marked})
    finished = run("--isolate=module", "--isolate-why")
    assert finished.code == 0
    why = finished.section("isolation").splitlines()
    assert [line.partition(" test,")[0] for line in why if ": " in line] == [
        "module: test_a.py: 1",
        "function: test_b.py: 1",
        "module: test_b.py: 1",
    ], shown(finished)
    hows = ["forked from the template", "forked for each function, with wider fixtures set up"]
    assert [line.partition("; ")[2] for line in why[:3]] == [hows[0], hows[1], hows[0]]


def test_a_suite_whose_forks_stand_still_is_spawned(run, files):
    """The canary finds it before a test is lost, and the header names the line."""
    files({
        "test_a.py": "import os, time\ndef wait(): time.sleep(60)\n"
        "os.register_at_fork(after_in_child=wait)\n"
        "def test_1(): pass\ndef test_2(): pass\n",
    })  # fmt: skip
    finished = run("--isolate=function")
    assert finished.tests == {"passed": 2}, shown(finished)
    assert "spawned (a forked child came to a standstill at " in finished.out
    assert "test_a.py:2" in finished.out

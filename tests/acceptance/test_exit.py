"""A worker leaves without finalising its interpreter, unless what that does is to be seen."""

from __future__ import annotations

import pytest
from conftest import bulkhead, shown

BOMB = """
import ctypes, sys

class Bomb:
    def __del__(self, over=sys.is_finalizing, boom=ctypes.string_at):
        if over():
            boom(0)

KEPT = []

def test_arms(): KEPT.append(Bomb())
def test_innocent(): pass
"""


def test_a_crash_in_finalisation_is_avoided(run, files):
    """By default no worker gets there."""
    files({"test_b.py": BOMB})
    finished = run("--isolate=session")

    assert (finished.code, finished.counts) == (0, {"passed": 2}), shown(finished)


@pytest.mark.parametrize("level", ["session", "function"])
def test_it_is_seen_with_clean(run, files, level):
    """The tests keep their outcomes; the run has an error that names who ran there, and the stack."""
    files({"test_b.py": BOMB})
    finished = run(
        f"--isolate={level}", "-o", "isolate_exit=clean", "-v", "--isolate-report=run.jsonl"
    )
    assert "process gw0 ERROR" in finished.out, shown(finished)
    ran = finished.section("ERROR at teardown of process gw0")

    assert finished.counts == {"passed": 2, "error": 1}, shown(finished)
    assert finished.code == 1
    assert "gw0 ended with SIGSEGV in interpreter exit" in ran
    assert "test_b.py::test_arms" in ran
    assert ("test_b.py::test_innocent" in ran) == (level == "session")
    assert "in __del__" in ran, "the stack"
    assert "spawned (isolate_exit = clean)" in finished.out
    assert "[150%]" not in finished.out, "it is no test"
    story = bulkhead("explain", "run.jsonl", cwd=run.path)
    assert story.returncode == 0, story.stdout


def test_a_clean_end_is_none_to_speak_of(run, files):
    """Failures are failures, and atexit functions have run once."""
    files(
        {
            "test_c.py": """
import atexit, os, threading

def test_leaves():
    atexit.register(lambda: open(os.environ["SAID"], "a").write("over\\n"))
    threading.Thread(target=threading.Event().wait, args=(0.2,)).start()

def test_fails(): assert 0
"""
        }
    )
    finished = run("--isolate=session", "-o", "isolate_exit=clean", SAID="said")

    assert finished.counts == {"passed": 1, "failed": 1}, shown(finished)
    assert (run.path / "said").read_text() == "over\n"


def test_what_does_not_go_together_is_an_error(run, files):
    """What was made before a fork would be finalised in each process."""
    files({"test_b.py": BOMB})
    finished = run("--isolate=session", "-o", "isolate_exit=clean", "-o", "isolate_start=fork")

    assert finished.code == 4
    assert "ini key isolate_start: 'fork' does not go with isolate_exit = clean" in finished.out

"""`--pdb` and `breakpoint()`: the worker gets the terminal, one at a time."""

from __future__ import annotations

import re
import time

import pytest
from conftest import processes_of
from terminals import Terminal

PROMPT = r"\(Pdb\) $"


@pytest.fixture
def terminal(pytester):
    opened = []

    def start(*args):
        opened.append(Terminal(pytester.path, *args))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


START = pytest.mark.parametrize("start", ["fork", "spawn"])


@START
def test_breakpoint_gets_the_terminal(start, terminal, files):
    """`breakpoint()` in a test: type, read the answer, go on; the test passes."""
    files(
        {"test_b.py": "def test_b():\n    secret = 6\n    breakpoint()\n    assert secret == 42\n"}
    )
    pytest_ = terminal("--isolate=session", "-o", f"isolate_start={start}")
    pytest_.expect(PROMPT)
    pytest_.type("secret = secret * 7\n")
    pytest_.expect(PROMPT)
    pytest_.type("p 'value', secret\n")
    assert "('value', 42)" in pytest_.expect(PROMPT)
    pytest_.type("c\n")
    assert pytest_.end() == 0, pytest_.text
    assert "1 passed" in pytest_.text


@START
def test_pdb_enters_on_a_failure(start, terminal, files):
    """`--pdb` stops in the frame that failed; the rest of the run goes on."""
    files(
        {
            "test_p.py": "def test_p():\n    here = 'in the frame'\n    assert 0\ndef test_after(): pass\n"
        }
    )
    pytest_ = terminal("--isolate=session", "--pdb", "-o", f"isolate_start={start}")
    pytest_.expect(PROMPT)
    pytest_.type("p here\n")
    assert "'in the frame'" in pytest_.expect(PROMPT)
    pytest_.type("c\n")
    assert pytest_.end() == 1, pytest_.text
    assert "1 failed, 1 passed" in pytest_.text


def test_one_at_a_time(terminal, files):
    """Under -n 2 two debuggers follow each other; neither reads what is meant for the other."""
    text = "def test_{0}():\n    mine = '{0}'\n    breakpoint()\n    assert mine == '{0}'\n"
    files({"test_a.py": text.format("a"), "test_b.py": text.format("b")})
    pytest_ = terminal("--isolate=module", "-n", "2")
    seen = []
    for _ in range(2):
        pytest_.expect(PROMPT)
        pytest_.type("p 'I am ' + mine\n")
        seen += re.findall(r"'I am (.)'", pytest_.expect(PROMPT))
        pytest_.type("c\n")
    assert sorted(seen) == ["a", "b"]
    assert pytest_.end() == 0, pytest_.text
    assert "2 passed" in pytest_.text


def test_no_timeout_while_the_debugger_is_open(terminal, files):
    """A person who thinks is no hang."""
    files({"test_b.py": "def test_b():\n    breakpoint()\n"})
    pytest_ = terminal("--isolate=session", "--isolate-timeout=1")
    pytest_.expect(PROMPT)
    time.sleep(2.5)
    pytest_.type("c\n")
    assert pytest_.end() == 0, pytest_.text
    assert "1 passed" in pytest_.text


def test_quit_ends_the_run(terminal, files):
    """`q` in the debugger ends the run as in plain pytest: exit status 2."""
    files({"test_b.py": "def test_b():\n    breakpoint()\ndef test_after(): pass\n"})
    pytest_ = terminal("--isolate=session")
    pytest_.expect(PROMPT)
    pytest_.type("q\n")
    assert pytest_.end() == 2, pytest_.text
    assert "1 passed" not in pytest_.text


def test_a_crash_in_the_debugger_gives_the_terminal_back(terminal, files):
    """The worker dies at its prompt; the next test's debugger works."""
    text = "def test_a():\n    breakpoint()\ndef test_b():\n    breakpoint()\n"
    files({"test_b.py": text})
    pytest_ = terminal("--isolate=session")
    pytest_.expect(PROMPT)
    pytest_.type("import os; os.abort()\n")
    pytest_.expect(PROMPT)
    pytest_.type("c\n")
    assert pytest_.end() == 1, pytest_.text
    assert "1 passed, 1 crashed" in pytest_.text


def test_ctrl_c_in_the_terminal(terminal, files):
    """Ctrl-C typed into the terminal stops the run cleanly."""
    files(
        {
            "test_s.py": "import time\ndef test_q(): pass\ndef test_s():\n    open('here', 'w')\n    time.sleep(600)\n"
        }
    )
    pytest_ = terminal("--isolate=session", "-v")
    pytest_.expect("test_q PASSED")
    time.sleep(0.5)
    pytest_.type("\x03")
    assert pytest_.end() == 2, pytest_.text
    assert "1 passed" in pytest_.text
    assert processes_of(pytest_.tag) == {}

"""Specification of `system.scripts`."""

from __future__ import annotations

import math
import os
import signal
import threading

import pytest
from conftest import wait_for

from pytest_bulkhead.core.ends import End
from pytest_bulkhead.system import linux
from pytest_bulkhead.system.scripts import run_script

pytestmark = pytest.mark.skipif(not linux.ON_LINUX, reason="processes are looked up in /proc")

#: It starts a child in its own group, says which, and does as it is told after that.
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
with open("child.part", "w") as file:
    file.write(str(child.pid))
os.rename("child.part", "child")
print(os.path.basename(os.getcwd()), os.environ.get("PYTEST_CURRENT_TEST"), flush=True)
"""


@pytest.fixture
def script(tmp_path):
    """Return a function that writes a script, and returns its path."""

    def write(text: str):
        path = tmp_path / "of mine" / "script.py"
        path.parent.mkdir(exist_ok=True)
        path.write_text(PARENT + text)
        return path

    return write


def child_is_gone(path) -> bool:
    """Whether it is dead soon: reaped it is by whoever adopts it."""
    pid = int((path.parent / "child").read_text())
    return wait_for(lambda: not linux.command_of(pid))


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("", End(code=0)),
        ("sys.exit(3)", End(code=3)),
        ("os.kill(os.getpid(), 9)", End(signal=signal.SIGKILL)),
    ],
)
def test_a_script_runs_in_its_folder(text, end, script):
    """Without knowing of a test; how it ended is told, and what it has started goes with it."""
    path = script(text)

    ran = run_script(path, math.inf)

    assert (ran.end, ran.late) == (end, False)
    assert ran.out == "of mine None\n"
    assert child_is_gone(path)


def test_one_that_takes_too_long_says_where_it_is(script):
    """Then it is ended, also when it will not be."""
    path = script("import signal\nsignal.pause()\n")
    ran = run_script(path, 1.0)
    assert ran.late
    assert ran.end == End(signal=signal.SIGABRT)
    assert 'script.py", line 9 in <module>' in ran.err
    assert child_is_gone(path)

    stubborn = "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGABRT])\n"
    ran = run_script(script(stubborn + "while True: signal.pause()\n"), 1.0)
    assert ran.late
    assert ran.end == End(signal=signal.SIGKILL)


def test_what_interrupts_us_ends_it(script):
    """Ctrl-C, or the timeout of another plugin, leaves nothing running."""
    path = script("child.wait()\n")

    def interrupt() -> None:
        wait_for((path.parent / "child").exists)
        os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=interrupt)
    thread.start()
    with pytest.raises(KeyboardInterrupt):
        run_script(path, math.inf)
    thread.join()
    assert child_is_gone(path)

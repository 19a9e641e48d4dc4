"""However a run ends, within two seconds no process of it is left, and leaks are told."""

from __future__ import annotations

import os
import re
import signal
import textwrap
import time
from pathlib import Path

import pytest
from conftest import processes_of, read_journal, shown, wait_for, wait_until_gone

#: A test that waits, after having started a child and a daemon that did all it could to get away.
BUSY = """
import os, pathlib, signal, subprocess, sys, time

DAEMON = '''
import os, signal, sys, time
for n in range(1, 32):
    try: signal.signal(n, signal.SIG_IGN)
    except OSError: pass
os.setsid()
if os.fork(): os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open(sys.argv[1], "w").write(str(os.getpid()))
time.sleep(600)
'''

def test_quick(): pass

def test_busy():
    subprocess.Popen(["sleep", "600"])
    subprocess.Popen([sys.executable, "-c", DAEMON, "daemon_pid"])
    while not (pathlib.Path("daemon_pid").exists() and pathlib.Path("daemon_pid").read_text()):
        time.sleep(0.01)
    pathlib.Path("writing").write_text(f"{os.getpid()} {os.getppid()}")
    os.rename("writing", "busy")  # who waits for it reads it at once
    time.sleep(600)

def test_later(): pass
"""


@pytest.fixture(params=["session-fork", "function-fork", "session-spawn", "module-n2"])
def busy(request, run, files):
    """A run in the midst of `test_busy`."""
    level, _, start = request.param.partition("-")
    files({"test_busy.py": BUSY})
    args = ("-n", "2") if start == "n2" else ("-o", f"isolate_start={start}")
    running = run.start(f"--isolate={level}", *args, "-v", "--isolate-report=run.jsonl")
    if not wait_for((run.path / "busy").exists):
        pytest.fail(running.out())
    return running


def pids(running):
    worker, parent = (running.path / "busy").read_text().split()
    return int(worker), int(parent)


def test_interrupt_once_stops_cleanly(busy):
    """Ctrl-C once: what is known is reported, the summary is there, exit status 2, nothing left."""
    busy.process.send_signal(signal.SIGINT)
    finished = busy.finish(timeout=15)
    left = wait_until_gone(busy.tag)
    assert finished.code == 2, shown(finished)
    assert left == {}
    assert finished.counts.get("passed") == 1
    assert "KeyboardInterrupt" in finished.out
    assert "INTERNALERROR" not in finished.out
    assert finished.words["test_quick"] == {"PASSED"}
    assert "test_later" not in finished.words


def test_interrupt_of_the_whole_terminal(busy):
    """Ctrl-C in a terminal reaches every process of the foreground group at once."""
    os.killpg(busy.process.pid, signal.SIGINT)
    finished = busy.finish(timeout=15)
    assert finished.code == 2, shown(finished)
    assert wait_until_gone(busy.tag) == {}
    assert finished.counts.get("passed") == 1


def test_interrupt_twice_stops_at_once(busy):
    """Ctrl-C twice: over, and nothing is left."""
    busy.process.send_signal(signal.SIGINT)
    time.sleep(0.2)
    busy.process.send_signal(signal.SIGINT)
    finished = busy.finish(timeout=15)
    assert wait_until_gone(busy.tag) == {}
    assert finished.code not in (0, None)


@pytest.mark.parametrize("start", ["fork", "spawn"])
def test_interrupt_twice_when_the_test_does_not_listen(start, run, files):
    """The first Ctrl-C cannot reach C code that holds the GIL; the second one ends it at once."""
    # Were it to write the file itself, Ctrl-C could come before it is deaf.
    text = """
        import subprocess
        def test_quick(): pass
        def test_deaf():
            subprocess.Popen(["sh", "-c", "sleep 0.5; touch here"])
            sum(range(10**12))
    """
    files({"test_d.py": textwrap.dedent(text)})
    running = run.start("--isolate=session", "-o", f"isolate_start={start}", "-v")
    assert wait_for((run.path / "here").exists), running.out()
    running.process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    running.process.send_signal(signal.SIGINT)
    finished = running.finish(timeout=20)
    assert finished.code == 2, shown(finished)
    assert finished.words["test_quick"] == {"PASSED"}
    assert wait_until_gone(running.tag) == {}


def test_sigterm_of_the_controller(busy):
    """A cancelled job: SIGTERM ends the run and all it started."""
    busy.process.send_signal(signal.SIGTERM)
    finished = busy.finish(timeout=15)
    assert finished.code not in (0, None), shown(finished)
    assert wait_until_gone(busy.tag) == {}


def test_hangup_of_the_terminal(busy):
    """A closed terminal: SIGHUP ends the run and all it started."""
    busy.process.send_signal(signal.SIGHUP)
    finished = busy.finish(timeout=15)
    assert finished.code not in (0, None), shown(finished)
    assert wait_until_gone(busy.tag) == {}


def test_sigkill_of_the_controller(busy):
    """Nobody can react to it, and still nothing is left."""
    busy.process.kill()
    busy.process.wait()
    assert wait_until_gone(busy.tag) == {}


def test_sigkill_of_the_worker(busy):
    """It is a crash of the test; the run goes on, and what the test had started is gone."""
    os.kill(pids(busy)[0], signal.SIGKILL)
    finished = busy.finish(timeout=30)
    assert finished.counts == {"passed": 2, "crashed": 1}, shown(finished)
    assert "SIGKILL" in finished.out
    assert wait_until_gone(busy.tag) == {}


def test_sigkill_of_the_oldest_helper(busy):
    """Whichever process of ours it is, the run ends, tells it, and leaves nothing."""
    others = sorted(set(busy.processes()) - {busy.process.pid})
    daemon = int((busy.path / "daemon_pid").read_text())
    commands = busy.processes()
    own = [pid for pid in others if pid != daemon and "sleep" not in commands.get(pid, "")]
    os.kill(own[0], signal.SIGKILL)
    finished = busy.finish(timeout=30)
    assert finished.code not in (0, None), shown(finished)
    assert "INTERNALERROR" not in finished.out
    assert finished.words["test_quick"] == {"PASSED"}
    assert wait_until_gone(busy.tag) == {}


@pytest.mark.parametrize("role", ["keeper", "template"])
def test_sigkill_between_the_processes(role, run, files):
    """Killed while tests run, template and keeper cost no verdict that had arrived."""
    files({"test_busy.py": BUSY})
    running = run.start("--isolate=session", "-v")
    assert wait_for((run.path / "busy").exists), running.out()
    _, template = pids(running)
    status = Path(f"/proc/{template}/status").read_text()
    keeper = int(re.search(r"PPid:\s+(\d+)", status)[1])
    if keeper == running.process.pid:
        keeper = template
    os.kill({"keeper": keeper, "template": template}[role], signal.SIGKILL)
    finished = running.finish(timeout=30)
    assert finished.code not in (0, None), shown(finished)
    assert finished.words["test_quick"] == {"PASSED"}
    assert wait_until_gone(running.tag) == {}


@pytest.mark.parametrize("moment", ["while collecting", "at import of conftest", "between tests"])
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_signals_at_other_moments(moment, sent, run, files):
    """Nothing is left, whenever the signal comes."""
    wait = "import time; open('here', 'w'); time.sleep(600)\n"
    suite = {
        "while collecting": {"test_a.py": wait},
        "at import of conftest": {"conftest.py": wait, "test_a.py": "def test_a(): pass\n"},
        "between tests": {
            "conftest.py": f"def pytest_runtest_logfinish():\n    import os\n    if 'PYTEST_XDIST_WORKER' in os.environ:\n        {wait}",
            "test_a.py": "def test_a(): pass\ndef test_b(): pass\n",
        },
    }[moment]
    files(suite)
    running = run.start("--isolate=session")
    assert wait_for((run.path / "here").exists), running.out()
    running.process.send_signal(sent)
    finished = running.finish(timeout=20)
    assert finished.code not in (0, None), shown(finished)
    assert wait_until_gone(running.tag) == {}


@pytest.mark.parametrize("level", ["session", "function"])
def test_daemons_of_tests_are_ended_and_told(level, run, files):
    """A daemon that a test double-forked is named as a leak of that test, and is gone."""
    files({"test_d.py": BUSY.replace("time.sleep(600)\n\ndef test_later", "\ndef test_later")})
    finished = run(f"--isolate={level}", "--isolate-report=run.jsonl")
    assert finished.counts.get("passed") == 3, shown(finished)
    assert wait_until_gone(finished.tag) == {}
    assert re.search(r"left pid \d+ running", finished.out), shown(finished)
    assert "sleep 600" in finished.out
    assert "daemon_pid" in finished.out
    assert "test_d.py::test_busy" in finished.out
    assert "leak" in str(read_journal(run.path / "run.jsonl")).lower()


def test_a_server_that_a_fixture_stops_is_left_alone(run, files):
    """A server that a session fixture started serves all its tests, and is no leak when stopped."""
    files(
        {
            "test_s.py": """
import subprocess, pytest
@pytest.fixture(scope="session")
def server():
    process = subprocess.Popen(["sleep", "600"])
    yield process
    process.kill()
    process.wait()
def test_1(server): assert server.poll() is None
def test_2(server): assert server.poll() is None
"""
        }
    )
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert "leak" not in finished.out.lower()
    assert processes_of(finished.tag) == {}


def test_no_temporary_files_are_left(run, files):
    """What the run wrote for itself is gone with it."""
    files({"test_a.py": "import os\ndef test_a(): pass\ndef test_b(): os.abort()\n"})
    place = run.path / "tmp"
    place.mkdir()
    run("--isolate=session", "-p", "no:cacheprovider", TMPDIR=str(place), PYTEST_DEBUG_TEMPROOT="")
    assert [p.name for p in place.iterdir() if not p.name.startswith("pytest-of-")] == []


PORT = """
import os, socket
import pytest

@pytest.fixture(scope="session")
def port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]

@pytest.mark.parametrize("turn", range(20))
def test_port(port, turn):
    global server, ballast
    server = socket.create_server(("127.0.0.1", port), reuse_port=False)
    ballast = b"x" * 50_000_000
"""


def test_what_a_test_held_to_its_end_is_there_for_the_next(run, files):
    """A port that nobody closed is free when the next test begins, for its process has ended."""
    files({"test_port.py": PORT})
    finished = run("--isolate=function")
    assert finished.counts == {"passed": 20}, shown(finished)

"""Environment profiles: in force before the first conftest, with isolation or without."""

from __future__ import annotations

import subprocess
import sys

import pytest
from conftest import read_journal, shown

HOWS = {
    "without isolation": (),
    "forked": ("--isolate=function",),
    "spawned": ("--isolate=module", "--isolate-start=spawn"),
}

SEEN = """
import os
AT_IMPORT = {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "JAX_PLATFORMS", "OWN", "GONE")}
"""


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_a_conftest_finds_the_variables(how, run, files):
    """Profiles are merged, `isolate_env` is on top, and the header names them, whichever way tests run."""
    files(
        {
            "pytest.ini": "[pytest]\nisolate_profile = single-thread, cpu\nisolate_env =\n  OMP_NUM_THREADS=2\n  OWN=a = b\n  -GONE\n",
            "conftest.py": SEEN,
            "test_a.py": "import conftest, os\ndef test_a():\n"
            "    wanted = {'OMP_NUM_THREADS': '2', 'JAX_PLATFORMS': 'cpu', 'OWN': 'a = b', 'GONE': None}\n"
            "    assert conftest.AT_IMPORT == wanted\n"
            "    assert {name: os.environ.get(name) for name in wanted} == wanted\n",
        }
    )
    finished = run(*how, "-W", "error", GONE="x")

    assert finished.counts == {"passed": 1}, shown(finished)
    (line,) = [line for line in finished.out.splitlines() if line.startswith("isolate: ")]
    assert line.endswith("profile single-thread, cpu")


def test_what_is_read_at_the_start_gets_a_fresh_template(run, files):
    """Workers are forked from it, the header says why it is one, and the journal keeps it all."""
    files(
        {
            "pytest.ini": "[pytest]\nisolate_env = PYTHONHASHSEED=7\n",
            "test_a.py": "def test_a(): print('HASH', hash('a'))\ndef test_b(): print('HASH', hash('a'))\n",
        }
    )
    finished = run("--isolate=function", "-rP", "--isolate-report=run.jsonl")
    code = "print('HASH', hash('a'))"
    wanted = subprocess.run([sys.executable, "-c", code], env={"PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True)  # fmt: skip

    assert finished.counts == {"passed": 2}, shown(finished)
    assert finished.out.count(wanted.stdout.strip()) == 2, shown(finished)
    why = "PYTHONHASHSEED is read by the interpreter when the process starts"
    assert f"forked from a template that was started afresh ({why})" in finished.out
    heading = read_journal(run.path / "run.jsonl")[0]
    assert (heading["profile"], heading["environ"], heading["why_exec"]) == (
        [], {"PYTHONHASHSEED": "7"}, why,
    )  # fmt: skip
    again = run("--isolate=function", "-rP", PYTHONHASHSEED="7")
    assert "forked from the template" in again.out, shown(again)


def test_what_is_not_in_force_is_a_warning(run, files):
    """At the line that changed it, with isolation and without; an error of it ends the run."""
    files(
        {
            "pytest.ini": "[pytest]\nisolate_profile = offline\nisolate_env = PYTORCH_MPS_FORCE_CPU=1\n",
            "conftest.py": "import os\n\nos.environ['HF_HUB_OFFLINE'] = '0'\n",
            "test_a.py": "def test_a(): pass\n",
        }
    )
    changed = (
        f"{run.path / 'conftest.py'}:3: ProfileWarning: HF_HUB_OFFLINE is '0', not '1', changed at"
    )

    for how in (), ("--isolate=module",):
        finished = run(*how)
        assert finished.counts == {"passed": 1, "warnings": 2}, shown(finished)
        assert changed in finished.out
        assert "PYTORCH_MPS_FORCE_CPU: PyTorch has no such variable" in finished.out
        refused = run(*how, "-W", "error::pytest_bulkhead.errors.ProfileWarning")
        assert refused.code == 4, shown(refused)
        assert "ERROR: HF_HUB_OFFLINE is '0'" in refused.out


RUN_AND_COMPARE = """
import os, pytest
def now(): return {name: os.environ[name] for name in os.environ if not name.startswith("PYTEST")}
os.environ["DO_NOT_TRACK"] = "0"
before = now()
assert pytest.main(["--isolate-profile=offline"]) == 0
assert now() == before
"""


def test_it_is_undone_when_a_run_without_isolation_is_over(run, files):
    """What calls `pytest.main` has its environment back."""
    files({"test_a.py": "import os\ndef test_a(): assert os.environ['WANDB_MODE'] == 'offline'\n"})
    done = subprocess.run(
        [sys.executable, "-c", RUN_AND_COMPARE],
        cwd=run.path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


METHODS = """
import multiprocessing
import pytest
def now(): return multiprocessing.get_start_method(allow_none=True)
def test_default(): assert now() == "spawn"
@pytest.mark.mp_start("fork")
class TestFork:
    def test_class(self): assert now() == "fork"
    @pytest.mark.mp_start("forkserver")
    def test_nearest(self): assert now() == "forkserver"
@pytest.fixture(scope="module")
def method(): return now()
def test_fixture(method): assert method == "spawn"
def test_again(): assert now() == "spawn"
"""

RESTORED = """
import multiprocessing
import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol():
    result = yield
    assert multiprocessing.get_start_method(allow_none=True) is None
    return result
"""


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_start_methods(how, run, files):
    """The ini key's for all, the nearest mark's for those that have one, put back after each."""
    files(
        {
            "conftest.py": RESTORED,
            "test_a.py": METHODS,
            "pytest.ini": "[pytest]\nisolate_mp_start = spawn\n",
        }
    )
    finished = run(*how, "--strict-markers")

    assert finished.counts == {"passed": 5}, shown(finished)


JUDGED = """
import pytest
@pytest.mark.qualitative
def test_a(): pass
def test_b(): pass
"""


@pytest.mark.parametrize("how", HOWS.values(), ids=HOWS)
def test_ci_deselects_what_is_a_matter_of_judgement(how, run, files):
    """With pytest's own count, and said in the header, where `-m` does not speak of it."""
    files({"test_a.py": JUDGED})
    ci = ("--isolate-profile=ci", "--strict-markers")
    finished = run(*how, *ci)
    assert finished.counts == {"passed": 1, "deselected": 1}, shown(finished)
    assert "collected 2 items / 1 deselected / 1 selected" in finished.out
    assert "profile ci (no qualitative tests)\n" in finished.out
    asked = run(*how, *ci, "-m", "qualitative")
    assert asked.counts == {"passed": 1, "deselected": 1}, shown(asked)
    assert "profile ci\n" in asked.out


def test_a_variable_of_builds_asks_for_ci(run, files):
    """In runs that are ours, beside other profiles; not where they are off, nor elsewhere, nor does `CI`."""
    files({"test_a.py": JUDGED})
    profiles = ("-o", "isolate_profile=cpu")
    for how in ("--isolate=module",), ("-o", "isolate_marks=gpu"), profiles:
        assert run(*how, CICD="1").tests == {"passed": 1, "deselected": 1}
    assert "profile cpu, ci (no qualitative tests)" in run(*profiles, CICD="1").out
    off = ("--isolate=module", "--isolate-profile=no")
    for how, environ in ((off, {"CICD": "1"}), ((), {"CICD": "1"}), (profiles, {"CI": "1"})):
        assert run(*how, **environ).tests == {"passed": 2}


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--isolate-profile=cpu,fast"], "--isolate-profile: 'fast' is no profile; write some of"),
        (["-o", "isolate_profile=fast"], "ini key isolate_profile: 'fast' is no profile"),
        (["-o", "isolate_env=A"], "ini key isolate_env: 'A' sets no variable"),
        (["-o", "isolate_mp_start=x"], "ini key isolate_mp_start: 'x' is none of spawn,"),
        (["--isolate=function"], "test_a.py::test_a: mark mp_start: 'thread' is none of spawn,"),
    ],
)
def test_bad_values_are_usage_errors(arguments, told, run, files):
    """A value that cannot be is a usage error that names it, where it stands, and what can."""
    text = "import pytest\n@pytest.mark.mp_start('thread')\ndef test_a(): pass\n"
    files({"test_a.py": text})
    finished = run(*arguments)

    assert finished.code == 4, shown(finished)
    assert f"ERROR: {told}" in finished.out
    assert "Traceback" not in finished.out

"""Each crash comes with its evidence, in its own report and in no other.

Test, phase, fixture, signal by name or exit code, the stacks of all threads, the output until then,
peak memory, and a command that runs just this test again.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import xml.etree.ElementTree as ET

import pytest
from conftest import read_journal, read_junit, shown
from suites import ONE_CRASH, SEGV

TALKATIVE = f"""
import sys
import threading
import time

def wait_for_ever():
    time.sleep(600)

def test_before(): print("words of the one before")

def test_guilty():
    threading.Thread(target=wait_for_ever, daemon=True).start()
    print("last words, out")
    print("last words, err", file=sys.stderr)
    time.sleep(0.4)
    {SEGV}

def test_after(): print("words of the one after")
"""


@pytest.fixture(params=["fork", "spawn"])
def talkative(request, run, files):
    files({"test_t.py": TALKATIVE})
    return run(
        "--isolate=session", "-o", f"isolate_start={request.param}", "-rA",
        "--junitxml=junit.xml", "--isolate-report=run.jsonl",
        GITHUB_ACTIONS="true", GITHUB_WORKSPACE=str(run.path.parent),
    )  # fmt: skip


def test_terminal_tells_the_whole_story(talkative):
    """Test, signal, phase, stacks of all threads, output, memory and command are on the terminal."""
    out = talkative.out
    assert talkative.counts == {"passed": 2, "crashed": 1}, shown(talkative)
    assert re.search(r"crashed with SIGSEGV in call", out), shown(talkative)
    assert "in test_guilty" in out, "the stack of the thread that crashed"
    assert "in wait_for_ever" in out, "the stack of another thread"
    assert "last words, out" in out
    assert "last words, err" in out
    assert re.search(r"peak.*\d+(\.\d+)? ?[KMG]i?B", out, re.I), "peak memory"
    assert "test_t.py::test_guilty" in out


def test_summary_has_a_section_for_crashes(talkative):
    """The section `crashes` names the test and its end, for someone who reads nothing else."""
    section = talkative.section("crashes")
    assert "test_t.py::test_guilty" in section, shown(talkative)
    assert "SIGSEGV" in section


def test_github_shows_it_beside_the_code(talkative):
    """An annotation on a line of its own, of the crash alone, and nowhere but on the terminal."""
    line = TALKATIVE.splitlines().index("def test_guilty():") + 1
    place = f"file={talkative.path.name}/test_t.py,line={line},title=test_t.py%3A%3Atest_guilty"
    annotations = re.findall(r"^::error .*", talkative.out, re.M)
    assert annotations == [f"::error {place}::crashed with SIGSEGV in call"]
    assert "::error" not in (talkative.path / "junit.xml").read_text()


def test_output_is_in_no_other_report(talkative):
    """The crasher's words are in no neighbour's report, and theirs are not in its own."""
    for name in ("test_before", "test_after"):
        section = talkative.section(name)
        assert "last words" not in section, section
    words = {"before": "words of the one before", "after": "words of the one after"}
    for name, text in words.items():
        assert text in talkative.section(f"test_{name}"), shown(talkative)
    assert talkative.out.count("last words, out") >= 1


def test_junit_carries_the_evidence_and_the_real_duration(talkative):
    """An error element with the signal in its message, the stacks in its text, and the time taken."""
    path = talkative.path / "junit.xml"
    [(tag, message, text)] = read_junit(path)["test_guilty"]
    assert tag == "error"
    assert "crashed with SIGSEGV in call" in message
    assert "in test_guilty" in text
    times = {case.get("name"): float(case.get("time")) for case in ET.parse(path).iter("testcase")}
    assert 0.35 <= times["test_guilty"] < 5
    properties = {one.get("name"): one.get("value") for one in ET.parse(path).iter("property")}
    assert properties == {
        "isolate_end": "crashed", "isolate_signal": "SIGSEGV", "isolate_phase": "call"
    }  # fmt: skip
    suite = next(ET.parse(path).iter("testsuite"))
    assert (suite.get("tests"), suite.get("errors"), suite.get("failures")) == ("3", "1", "0")


def test_journal_tells_the_same_story(talkative):
    """`bulkhead explain` prints test, signal and phase from the journal alone."""
    path = talkative.path / "run.jsonl"
    entries = read_journal(path)
    assert entries[0]["journal"] == 1, "the journal says its version"
    told = subprocess.run(
        [sys.executable, "-m", "pytest_bulkhead", "explain", str(path)],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    assert "test_t.py::test_guilty" in told.stdout, told
    assert "SIGSEGV" in told.stdout


def test_command_runs_just_this_test_again(talkative):
    """The command can be pasted into a shell: it runs this test, which crashes again."""
    lines = [line.strip() for line in talkative.out.splitlines()]
    commands = [re.sub(r"^.*?(?=(?:python\S* -m )?pytest )", "", line) for line in lines
                if re.search(r"pytest .*test_t\.py::test_guilty", line)]  # fmt: skip
    assert commands, shown(talkative)
    words = shlex.split(commands[0])
    words = words[words.index("pytest") :]
    again = subprocess.run(
        [sys.executable, "-m", *words], cwd=talkative.path, capture_output=True, text=True,
        timeout=30, check=False,
    )  # fmt: skip
    assert "1 crashed" in again.stdout, again.stdout
    assert "passed" not in again.stdout


@pytest.mark.parametrize("args", [(), ("--tb=no",), ("--tb=line",), ("-p", "no:faulthandler"),
                                  ("--tb=native", "-q"), ("--no-header", "--no-summary")])  # fmt: skip
def test_a_crash_is_a_crash_whatever_the_style(args, run, files):
    """No option of style takes the verdict away."""
    files(ONE_CRASH)
    finished = run("--isolate=session", "--junitxml=junit.xml", *args)
    assert finished.code == 1
    assert "SIGSEGV" in str(read_junit(run.path / "junit.xml")["test_guilty"]), shown(finished)
    if "--no-summary" not in args:
        assert "SIGSEGV" in finished.out


def test_fixture_is_named_with_its_phase(run, files):
    """A crash in a fixture names phase and fixture, in set-up and in teardown."""
    files(
        {
            "test_f.py": f"""
import pytest
@pytest.fixture
def falls_on_entry(): {SEGV}
@pytest.fixture
def falls_on_leaving():
    yield
    {SEGV}
def test_up(falls_on_entry): pass
def test_down(falls_on_leaving): pass
"""
        }
    )
    finished = run("--isolate=function", "--junitxml=junit.xml")
    ends = read_junit(run.path / "junit.xml")
    [(_, up, up_text)] = ends["test_up"]
    [(_, down, down_text)] = ends["test_down"]
    assert "in setup" in up, shown(finished)
    assert "falls_on_entry" in up + up_text
    assert "in teardown" in down
    assert "falls_on_leaving" in down + down_text


def test_short_letters_and_verbose_words(run, files):
    """`C` and `T` without -v, `CRASHED` and `TIMED OUT` with it."""
    hang = "import pytest, time\n@pytest.mark.timeout(0.5)\ndef test_slow(): time.sleep(60)\n"
    files({**ONE_CRASH, "test_hang.py": hang})
    short = run("--isolate=session")
    assert re.search(r"^test_crash\.py \.C\. ", short.out, re.M), shown(short)
    assert re.search(r"^test_hang\.py T ", short.out, re.M), shown(short)
    long = run("--isolate=session", "-v")
    assert long.words["test_guilty"] == {"CRASHED"}, shown(long)
    assert long.words["test_slow"] == {"TIMED OUT"}


def test_report_chars_select_crashes(run, files):
    """The short test summary names crashed tests by default, as it does failed ones."""
    files(ONE_CRASH)
    finished = run("--isolate=session")
    assert re.search(r"^CRASHED test_crash\.py::test_guilty", finished.out, re.M), shown(finished)


def test_to_plugins_a_crash_is_a_failed_report_of_its_phase(run, files):
    """`pytest_runtest_logreport` gets when="call", outcome="failed", and the duration."""
    files(
        {
            **ONE_CRASH,
            "conftest.py": """
def pytest_runtest_logreport(report):
    if report.failed:
        line = f"{report.nodeid} {report.when} {report.outcome} {report.duration >= 0}"
        open("reports.txt", "a").write(line + chr(10))
""",
        }
    )
    finished = run("--isolate=session")
    lines = (run.path / "reports.txt").read_text().splitlines()
    assert lines == ["test_crash.py::test_guilty call failed True"], shown(finished)


def test_output_written_to_the_descriptor_is_kept(run, files):
    """What C code wrote to fd 1 and 2 before it crashed is in the report too."""
    text = f"import os\ndef test_c():\n    os.write(1, b'from fd 1')\n    os.write(2, b'from fd 2')\n    {SEGV}\n"
    files({"test_c.py": text})
    finished = run("--isolate=session")
    assert "from fd 1" in finished.out, shown(finished)
    assert "from fd 2" in finished.out


def test_reports_that_had_arrived_are_kept(run, files):
    """A failure told before the crash keeps its traceback; the crash is told beside it."""
    files(
        {
            "test_k.py": f"""
import pytest
@pytest.fixture
def falls():
    yield
    {SEGV}
def test_k(falls): assert 1 == 2, "the first cause"
"""
        }
    )
    finished = run("--isolate=session")
    assert finished.counts == {"failed": 1, "error": 1}, shown(finished)
    assert "the first cause" in finished.out
    assert "SIGSEGV" in finished.out


def test_header_says_level_workers_and_start(run, files):
    """One header line: level, workers, start method and why."""
    files(ONE_CRASH)
    finished = run("--isolate=module")
    lines = [line for line in finished.out.splitlines() if line.startswith("isolate")]
    assert len(lines) == 1, shown(finished)
    assert "module" in lines[0]
    finished = run("--isolate=module", "-o", "isolate_start=spawn")
    assert "spawn" in next(line for line in finished.out.splitlines() if line.startswith("isolate"))


def test_forking_is_refused_with_a_reason(run, files):
    """A thread that was started at import makes forking unsafe: workers are spawned, and it says why."""
    text = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\ndef test_a(): pass\n"
    files({"test_a.py": text})
    finished = run("--isolate=function")
    assert finished.counts == {"passed": 1}, shown(finished)
    assert re.search(r"spawn.*thread", finished.out), shown(finished)


def test_artifacts_keep_all_that_is_known(run, files):
    """A folder for each crash: report, stacks, output, and facts as JSON, which the journal has too."""
    files({"test_t.py": TALKATIVE, "sub/test_h.py": "import time\ndef test_x(): time.sleep(60)\n"})
    finished = run(
        "--isolate=session", "--isolate-artifacts=kept", "--isolate-report=run.jsonl",
        "--isolate-timeout=2", "--isolate-profile=offline",
    )  # fmt: skip
    assert finished.counts == {"passed": 2, "crashed": 1, "timed out": 1}, shown(finished)
    crash, hang = (
        next((run.path / "kept").glob(f"*/{name}"))
        for name in ("test_t.py_test_guilty", "sub_test_h.py_test_x")
    )
    assert f"artifacts:   {crash}" in finished.out
    assert "last words, out" in (crash / "stdout.txt").read_text()
    assert "last words, err" in (crash / "stderr.txt").read_text()
    assert "_pytest" in (crash / "stacks.txt").read_text(), "the machinery is left in"
    assert (crash / "report.txt").read_text().startswith("crashed with SIGSEGV in call\n")
    assert "s later" in (hang / "stacks.txt").read_text()
    facts = json.loads((crash / "evidence.json").read_text())
    assert facts["end"]["signal"] == 11
    assert facts["before"] == ["test_t.py::test_before"]
    assert facts["profile"] == ["offline"]
    assert facts["threads"] == 2
    hung = json.loads((hang / "evidence.json").read_text())["standstill"]
    assert hung["state"] == "S (sleeping)"
    assert any("/dev/null" in line for line in hung["fds"])
    lines = [
        entry["evidence"] for entry in read_journal(run.path / "run.jsonl") if "evidence" in entry
    ]
    assert [line["facts"] for line in lines if line.get("nodeid", "").startswith("test_t")] == [
        facts
    ]


def test_artifacts_that_cannot_be_kept(run, files):
    """Exit status 4 before anything runs, with the folder and why."""
    files({**ONE_CRASH, "taken": "a file"})
    finished = run("--isolate=session", "--isolate-artifacts=taken/here")
    assert finished.code == 4, shown(finished)
    assert "--isolate-artifacts=" in finished.out
    assert "taken/here: Not a directory" in finished.out


LIMITED = """
import resource
resource.setrlimit(resource.RLIMIT_DATA, (2**33, 2**33))
"""


def test_limits_of_memory_and_modules(run, files):
    """Limits of memory that are in force are told, and a kill whose sender nobody knows is said to be one."""
    files(
        {"conftest.py": LIMITED, "test_k.py": "import os\ndef test_k(): os.kill(os.getpid(), 9)\n"}
    )
    finished = run("--isolate=session")
    assert "killed by SIGKILL in call, by whom is not known" in finished.section("test_k"), shown(
        finished
    )
    assert "RLIMIT_DATA: 8.00 GiB" in finished.out

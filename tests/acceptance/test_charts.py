"""The chart of a run: `--isolate-trace` and `--isolate-html`, of a run or of its journal.

Pages are looked at in a real Chromium, as its script leaves them.
"""

from __future__ import annotations

import html.parser
import json
import re
import shutil
import signal
import subprocess
import sys

import pytest
from conftest import shown, wait_for

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item, Phase, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.policy import Policy
from pytest_bulkhead.core.run.run import Run
from pytest_bulkhead.report.chart import Chart
from pytest_bulkhead.report.chart_files import ChartFiles

BROWSER = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), ""
)
needs_browser = pytest.mark.skipif(not BROWSER, reason="no Chromium here: apt-get install chromium")

SUITE = {
    "test_s.py": """
import ctypes
import os

import pytest

def test_fine(): pass

def test_crash():
    print("<b>last</b> words </script>")
    ctypes.string_at(0)

@pytest.mark.timeout(1)
def test_hang(): sum(range(10**12))

def test_leaves(): os.environ["LEFT"] = "</script>"

@pytest.mark.parametrize("text", ["<img src=x>"])
def test_fails(text): assert 0
""",
}
STATES = {
    "test_s.py::test_fine": "passed",
    "test_s.py::test_crash": "crashed",
    "test_s.py::test_hang": "timed out",
    "test_s.py::test_leaves": "passed",
    "test_s.py::test_fails[<img src=x>]": "failed",
}


def states_of(path):
    """Return {node id: state} of the spans of a trace."""
    rows = json.loads(path.read_text())["traceEvents"]
    spans = [row for row in rows if row["ph"] == "X" and row["cat"] == "test"]
    counted = [row for row in spans if not row["name"].startswith("trial of ")]
    return {row["name"]: row["args"]["state"] for row in counted}


def explain(run, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "pytest_bulkhead", "explain", *arguments],
        cwd=run.path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_trace_of_a_run_and_of_its_journal(run, files):
    """Each test has its span and state, and a trace that is made from the journal says the same."""
    files(SUITE)
    finished = run("--isolate=module", "--isolate-trace=t.json", "--isolate-report=run.jsonl")
    path = run.path / "t.json"
    assert states_of(path) == STATES, shown(finished)
    assert f"isolate: wrote {path}" in finished.out
    written = json.loads(path.read_text())["traceEvents"]
    done = explain(run, "run.jsonl", "--trace=again.json")
    assert done.stdout == f"wrote {run.path / 'again.json'}\n", done
    again = json.loads((run.path / "again.json").read_text())["traceEvents"]
    assert [row["name"] for row in again] == [row["name"] for row in written]


@pytest.mark.parametrize("option", ["--isolate-trace", "--isolate-html"])
def test_a_file_that_cannot_be_written_is_a_usage_error(option, run, files):
    """The error names option and path, before any test has run, and for an old journal too."""
    files({"test_a.py": "def test_a(): open('ran', 'w')\n"})
    finished = run("--isolate=session", f"{option}=/no/such/dir/x")
    assert finished.code == 4, shown(finished)
    assert f"{option}=/no/such/dir/x: No such file or directory" in finished.out
    assert not (run.path / "ran").exists()
    name = option.replace("isolate-", "")
    done = explain(run, "run.jsonl", f"{name}=/no/such/dir/x")
    assert (done.returncode, done.stdout) == (2, "")
    assert f"error: {name}=/no/such/dir/x: No such file or directory" in done.stderr


def test_one_file_for_two_reports_is_a_usage_error(run, files):
    """The later one would take the place of the other: an old journal is not lost by that."""
    files({"test_a.py": "def test_a(): pass\n", "x": "kept"})
    finished = run("--isolate=session", "--isolate-report=x", "--isolate-html=./x")
    assert finished.code == 4, shown(finished)
    assert "--isolate-html=./x: --isolate-report writes that file" in finished.out
    assert (run.path / "x").read_text() == "kept"


def test_a_run_that_is_interrupted_has_its_files_all_the_same(run, files):
    """Also where nothing is written to a terminal: the page says why the run ended, and what ran."""
    files({"test_i.py": "import time\ndef test_a(): pass\ndef test_b(): time.sleep(600)\n"})
    running = run.start(
        "--isolate=session", "-p", "no:terminal",
        "--isolate-html=p.html", "--isolate-trace=t.json", "--isolate-report=run.jsonl",
    )  # fmt: skip
    journal = run.path / "run.jsonl"
    assert wait_for(lambda: journal.exists() and journal.read_text().count("TestStarted") == 2)
    running.process.send_signal(signal.SIGINT)
    finished = running.finish()
    assert facts_of(run.path / "p.html")["stopped"] == "interrupted", shown(finished)
    assert states_of(run.path / "t.json")["test_i.py::test_a"] == "passed"


def test_a_disk_that_is_full_costs_the_files_and_not_the_run(run, files):
    """What cannot be written is told; the run ends as ever."""
    files({"test_a.py": "def test_a(): pass\n"})
    finished = run("--isolate=session", "--isolate-html=/dev/full")
    assert (finished.code, finished.counts) == (0, {"passed": 1}), shown(finished)
    assert "isolate: /dev/full could not be written: [Errno 28]" in finished.out


# -- in a browser ------------------------------------------------------------------------------


def facts_of(page):
    """Return what a page has been given to show."""
    return json.loads(re.search(r'id="facts">(.*?)</script>', page.read_text(), re.S)[1])


class Dom(html.parser.HTMLParser):
    """The page as the browser has it: {id: the text of that element}, and its attributes."""

    EMPTY = frozenset({"br", "input", "meta"})

    def __init__(self, text):
        super().__init__()
        self.texts, self.attributes, self._open = {}, {}, []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        found = dict(attrs)
        name = found.get("id", tag if tag == "html" else None)
        if name:
            self.attributes[name], self.texts[name] = found, ""
        if tag not in self.EMPTY:
            self._open.append(name)

    def handle_endtag(self, tag):
        if tag not in self.EMPTY:
            self._open.pop()

    def handle_data(self, data):
        for name in filter(None, self._open):
            self.texts[name] += data

    @property
    def rows(self):
        """The texts of the rows of tests that are elements now, in order."""
        return [text for name, text in self.texts.items() if re.fullmatch(r"test-\d+", name)]


def browse(page, kept, tmp_path):
    """Return the page as its script leaves it; nothing may be said on the console."""
    command = [
        BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
        "--disable-background-networking", "--disable-component-update", "--disable-sync",
        "--enable-logging=stderr", "--window-size=1400,1000", f"--user-data-dir={tmp_path}/user",
        "--dump-dom", f"{page.as_uri()}#{kept}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    dom = Dom(done.stdout)
    assert "hidden" in dom.attributes["broken"]
    return dom


@needs_browser
def test_a_page_in_a_browser(run, files, tmp_path):
    """Rows, verdict, evidence and findings are there, as text; the address searches and chooses."""
    files(SUITE)
    finished = run("--isolate=module", "--isolate-html=p.html")
    assert f"isolate: wrote {run.path / 'p.html'}" in finished.out, shown(finished)
    dom = browse(run.path / "p.html", "", tmp_path)
    assert dom.texts["command"].startswith("pytest --isolate=module --isolate-html=p.html")
    assert dom.texts["verdict"].startswith("1 crashed1 timed out1 failed2 passed in ")
    assert [row.partition("test_s")[0] for row in dom.rows] == [
        "crashed", "timed out", "failed", "passed", "passed",
    ]  # fmt: skip
    assert dom.rows[2].startswith("failedtest_s.py::test_fails[<img src=x>]")
    assert "crashed with SIGSEGV in call" in dom.texts["deaths"]
    assert "in test_crash" in dom.texts["deaths"]
    assert "<b>last</b> words </script>" in dom.texts["deaths"]
    assert "LEFT was added" in dom.texts["findings"]
    kept = "q=TEST_S%20leaves&theme=dark&test=test_s.py::test_leaves"
    dom = browse(run.path / "p.html", kept, tmp_path)
    assert [row[:28] for row in dom.rows] == ["passedtest_s.py::test_leaves"]
    assert dom.texts["detail"].startswith("test_s.py::test_leavespassed")
    assert "LEFT was added" in dom.texts["detail"]
    assert dom.attributes["html"]["data-theme"] == "dark"


def many(count):
    """Return the chart of a run of so many tests, every thousandth of which crashes its process."""
    run = Run(Policy(Level.SESSION))
    chart = Chart(run)
    items = tuple(
        Item(number, f"test_{number // 100}.py::test_{number}", Scopes("", f"test_{number // 100}.py", ""))
        for number in range(count)
    )  # fmt: skip
    clock, worker = 0.0, 1

    def happen(*events):
        for event in events:
            chart.look(event, run.handle(event, clock), clock)

    happen(ev.Begun(), ev.Collected(1, items), ev.WorkerJoined(1))
    for number, item in enumerate(items):
        happen(ev.TestStarted(worker, number))
        clock += 0.001
        if number % 1000 == 999:
            happen(ev.WorkerEnded(worker, End(signal=11), Blame(Phase.CALL, number)))
            chart.note({"nodeid": item.nodeid, "text": f"crashed with SIGSEGV in call {number}"})
            worker += 1
            if worker in run.workers:  # no process follows the last test
                happen(ev.WorkerJoined(worker))
        else:
            for when in ("setup", "call", "teardown"):
                happen(ev.TestReported(worker, number, when, "passed", duration=0.0003))
            happen(ev.TestFinished(worker, number))
    return chart


@needs_browser
def test_a_page_of_20000_tests_in_a_browser(tmp_path):
    """It is small, only the rows in sight are elements, and a search among all of them finds one."""
    page, chart = tmp_path / "many.html", many(20_000)
    assert [(str(page), "")] == list(ChartFiles(html=str(page)).write(chart, {}))
    assert page.stat().st_size < 2_000_000
    dom = browse(page, "", tmp_path)
    assert dom.texts["verdict"].startswith("20 crashed19,980 passed")
    assert dom.texts["count"] == "20,000 tests"
    assert 20 < len(dom.rows) < 100
    assert "crashed with SIGSEGV in call 999" in dom.texts["deaths"]
    dom = browse(page, "q=test_12345", tmp_path)
    assert [row[:29] for row in dom.rows] == ["passedtest_123.py::test_12345"]
    assert dom.texts["count"] == "1 of 20,000 tests"

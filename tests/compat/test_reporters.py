"""Reporters: pytest-html, pytest-json-report, pytest-reportlog, teamcity-messages, VS Code's.

Each of them writes one file, or one stream, for the run: every test is in it, and once.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter

import pytest

SUITE = {
    "test_ends": """
        import pytest

        def test_passes(): print("to stdout")
        def test_fails(): assert 1 == 2
        @pytest.mark.skip(reason="not today")
        def test_skipped(): pass
        @pytest.mark.xfail(strict=False)
        def test_xfails(): assert 0
        @pytest.mark.xfail(strict=False)
        def test_xpasses(): pass
        def test_properties(record_property): record_property("depth", 11)
        @pytest.mark.parametrize("text", ["a b", "[::]", "|'"])
        def test_parameters(text): pass
    """,
    "test_fixtures": """
        import pytest

        @pytest.fixture
        def bad_setup(): raise OSError("at setup")
        @pytest.fixture
        def bad_teardown():
            yield
            raise OSError("at teardown")

        class TestClass:
            def test_setup(self, bad_setup): pass
            def test_teardown(self, bad_teardown): pass
    """,
}


@pytest.fixture
def suite(pytester):
    pytester.makepyfile(**SUITE)
    return pytester


def test_html(suite, heard, how):
    """pytest-html's page has each result of plain pytest's once, with the extras of the test."""
    pytest.importorskip("pytest_html")
    suite.makepyfile(
        test_extras="""
        import pytest_html
        def test_extra(extras): extras.append(pytest_html.extras.text("from the test"))
        """
    )

    def page(*args):
        heard("--html=page.html", "--self-contained-html", *args)
        text = (suite.path / "page.html").read_text()
        tests = json.loads(html.unescape(re.search(r'data-jsonblob="([^"]*)"', text)[1]))["tests"]
        rows = [(row["testId"], row["result"]) for some in tests.values() for row in some]
        extras = [extra for some in tests.values() for row in some for extra in row["extras"]]
        return Counter(rows), [(extra["name"], extra["content"]) for extra in extras]

    rows, extras = page()
    assert len(rows) >= 13
    assert "Text" in dict(extras), extras

    assert (rows, extras) == page(*how)


def test_json_report(suite, heard, how):
    """pytest-json-report's tests, summary and metadata equal plain pytest's."""
    pytest.importorskip("pytest_jsonreport")
    suite.makepyfile(test_extra="def test_extra(json_metadata): json_metadata['port'] = 'Brest'")

    def report(*args):
        heard("--json-report", "--json-report-file=report.json", *args)
        found = json.loads((suite.path / "report.json").read_text())
        tests = [
            (test["nodeid"], test["outcome"], test["lineno"], str(test.get("metadata")))
            for test in found["tests"]
        ]
        summary = {key: found["summary"][key] for key in ("passed", "failed", "error", "total")}
        return sorted(tests), summary, found["exitcode"]

    assert report() == report(*how)


def test_reportlog(suite, heard, how):
    """pytest-reportlog's file has each report of plain pytest's once, between one start and end."""
    pytest.importorskip("pytest_reportlog")

    def log(*args):
        heard("--report-log=log.jsonl", *args)
        lines = [json.loads(line) for line in (suite.path / "log.jsonl").read_text().splitlines()]
        kinds = [line["$report_type"] for line in lines if "$report_type" in line]
        tests = [line for line in lines if line.get("$report_type") == "TestReport"]
        ends = [(line["nodeid"], line["when"], line["outcome"]) for line in tests]
        properties = [pair for line in tests for pair in line["user_properties"]]
        frame = [line for line in lines if "pytest_version" in line or "exitstatus" in line]
        return Counter(ends), Counter(map(tuple, properties)), len(frame), kinds.count("TestReport")

    assert log() == log(*how)


def test_teamcity(suite, heard, how):
    """Each test is started, ended and failed once on standard output, as in plain pytest."""
    pytest.importorskip("teamcity")

    def messages(*args):
        text = heard("--teamcity", *args).text
        found = re.findall(r"##teamcity\[(test\w+) .*?name='((?:\|.|[^'|])*)'", text)
        return Counter(pair for pair in found if pair[0] != "testSuiteStarted")

    plain = messages()
    assert plain["testStarted", "test_ends.test_passes"] == 1, plain
    assert {1} == {count for (kind, _), count in plain.items() if kind == "testStarted"}

    assert plain == messages(*how)


#: What VS Code's runner does, as far as it depends on where it runs: it learns a test's path when
#: the test is about to run, and sends its result when the terminal reporter asks for its status.
VSCODE_RUNNER = """
import json, os, pathlib
import pytest

paths = {}
sent = set()
pipe = None

def send(test, outcome):
    global pipe
    if test not in sent:
        sent.add(test)
        if pipe is None:  # opened by the first result, in whichever process that is
            pipe = os.open(os.environ["TEST_RUN_PIPE"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(pipe, (json.dumps([test, outcome]) + "\\n").encode())

@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_runtest_protocol(item, nextitem):
    paths[item.nodeid] = str(item.path)
    if any(mark.name == "skip" for mark in item.own_markers):
        send("::".join([str(item.path), *item.nodeid.split("::")[1:]]), "skipped")
    return (yield)

@pytest.hookimpl(wrapper=True, trylast=True)
def pytest_report_teststatus(report, config):
    if report.when == "call" or (report.when == "setup" and report.skipped):
        path = paths.get(report.nodeid, str(pathlib.Path.cwd()))
        outcome = {"passed": "success", "failed": "failure"}.get(report.outcome, "skipped")
        send("::".join([path, *report.nodeid.split("::")[1:]]), outcome)
    return (yield)

class Deferred:
    @pytest.hookimpl(wrapper=True)
    def pytest_xdist_auto_num_workers(self, config):
        with open("auto", "a") as file:
            file.write("asked\\n")
        yield
        return 2

def pytest_plugin_registered(plugin, manager):
    if manager.hasplugin("xdist") and not manager.hasplugin("deferred"):
        manager.register(Deferred(), "deferred")
"""


@pytest.fixture
def vscode(suite, heard, monkeypatch):
    """Return a function that runs the suite as VS Code does: (test, outcome) as often as sent."""
    suite.makepyfile(vscode_like=VSCODE_RUNNER)
    pipe = suite.path / "pipe.jsonl"
    monkeypatch.setenv("TEST_RUN_PIPE", str(pipe))

    def start(*args):
        pipe.unlink(missing_ok=True)
        heard("-p", "vscode_like", *args)
        lines = [tuple(json.loads(line)) for line in pipe.read_text().splitlines()]
        # The controller, which knows no paths, sends ids that VS Code does not know, as under
        # xdist: it ignores them.
        return Counter(line for line in lines if line[0].partition("::")[0].endswith(".py"))

    return start


def test_vscode(vscode, how):
    """VS Code gets the result of each test of plain pytest's once, under the id it knows."""
    plain = vscode()
    assert len(plain) >= 10

    assert plain == vscode(*how)


def test_vscode_decides_what_auto_means(vscode, suite):
    """`-n auto` asks the hook by which VS Code sets the number of workers."""
    vscode("--isolate=module", "-n", "auto")

    assert (suite.path / "auto").read_text() == "asked\n"

"""The ten musts of living with other plugins (facts/ecosystem.md, section 8), one test each.

Each is shown by a conftest that does what the plugins do that would break.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET

import pytest
from conftest import read_junit, shown
from suites import SEGV

START = pytest.mark.parametrize("start", ["fork", "spawn"])
WORKER = "import os, pytest\ndef in_worker(config): return hasattr(config, 'workerinput')\n"


@pytest.fixture
def write(run, files):
    """Write a conftest with `LOG` and `in_worker`, and test files; return the log's lines."""

    def put(conftest, **tests):
        head = WORKER + f"LOG = {str(run.path / 'log.txt')!r}\n"
        head += "def note(*words):\n    with open(LOG, 'a') as f: print(*words, file=f)\n"
        files(
            {"conftest.py": head + conftest} | {f"{name}.py": text for name, text in tests.items()}
        )
        return lambda: (run.path / "log.txt").read_text().splitlines()

    return put


PASSES = "def test_a(): pass\ndef test_b(): pass\n"


@START
def test_1_identity_before_configure(start, run, write):
    """In `pytest_configure` a worker knows its id, its options are a worker's, basetemp is its own."""
    lines = write(
        """
@pytest.hookimpl(tryfirst=True)
def pytest_configure(config):
    if in_worker(config):
        given = config.workerinput
        for name in ("workerid", "workercount", "testrunuid", "mainargv"): given[name]
        assert isinstance(config.workeroutput, dict)
        assert config.option.dist == "no"
        note("configured", os.environ["PYTEST_XDIST_WORKER"] == given["workerid"],
             os.environ["PYTEST_XDIST_WORKER_COUNT"] == str(given["workercount"]),
             os.environ["PYTEST_XDIST_TESTRUNUID"] == given["testrunuid"])

@pytest.fixture(autouse=True)
def _identity(request, worker_id, tmp_path_factory):
    config = request.config
    note("tmp", tmp_path_factory.getbasetemp().name == "popen-" + worker_id)
    note("ran", worker_id == config.workerinput["workerid"] == os.environ["PYTEST_XDIST_WORKER"])
""",
        test_a=PASSES,
    )
    finished = run("--isolate=function", "-n1", "-o", f"isolate_start={start}", "--basetemp=base")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert "tmp True" in lines()
    told = [line.split(maxsplit=4) for line in lines()]
    configured = [line for line in told if line[0] == "configured"]
    assert configured
    for line in configured:
        assert line[1:4] == ["True"] * 3
    assert [line for line in told if line[0] == "ran"] == [["ran", "True"]] * 2


def test_2_xdist_is_there_and_idle(run, write):
    """The plugin `xdist` is known in controller and worker; `-p no:xdist` is a clear usage error."""
    lines = write(
        "def pytest_sessionstart(session):\n"
        "    config = session.config\n"
        "    note(in_worker(config), config.pluginmanager.hasplugin('xdist'))\n"
        "def pytest_testnodeready(node): pass\n",
        test_a=PASSES,
    )
    finished = run("--isolate=session")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert set(lines()) == {"False True", "True True"}
    (run.path / "conftest.py").unlink()
    refused = run("--isolate=session", "-p", "no:xdist")
    assert refused.code == 4, shown(refused)
    assert "xdist" in refused.out
    assert "Traceback" not in refused.out


@pytest.mark.parametrize("how", ["option", "ini"])
def test_3_dist_is_set_while_parsing(how, run, files):
    """Before any hook of ours, `dist` on the controller says that tests run elsewhere."""
    files(
        {
            "early.py": """
import pytest
@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config):
    open("early.txt", "a").write(str(early_config.known_args_namespace.dist))
""",
            "test_a.py": PASSES,
            "pytest.ini": "[pytest]\n" + ("isolate = session\n" if how == "ini" else ""),
        }
    )
    option = ["--isolate=session"] if how == "option" else []
    finished = run("-p", "early", *option, PYTHONPATH=".")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert (run.path / "early.txt").read_text() not in ("", "no")


@START
def test_4_nodes_are_the_ducks_that_plugins_know(start, run, write):
    """Fresh nodes, `workeroutput` only after a clean end, reports that say where they come from."""
    lines = write(
        """
seen = []
@pytest.hookimpl(optionalhook=True)
def pytest_testnodeready(node):
    assert node not in seen
    seen.append(node)
    note("ready", node.gateway.id, node.workerinput["workerid"] == node.gateway.id, bool(node.config))
@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node, error):
    note("down", node.gateway.id, hasattr(node, "workeroutput"), getattr(node, "workeroutput", {}).get("mine"), bool(error))
@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(crashitem, report, sched):
    note("crash", crashitem, callable(sched.mark_test_pending))
def pytest_sessionfinish(session):
    if in_worker(session.config): session.config.workeroutput["mine"] = 7
def pytest_runtest_logreport(report):
    if hasattr(report, "node") and report.when == "call":
        note("report", report.nodeid, report.node.gateway.id == report.worker_id, isinstance(report.item_index, int), bool(report.testrun_uid))
@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    note("configure", node.workerinput is not None)
    node.workerinput["from_plugin"] = "passed on"
@pytest.fixture(autouse=True)
def _given(request): assert request.config.workerinput["from_plugin"] == "passed on"
""",
        test_a=f"def test_a(): pass\ndef test_b(): {SEGV}\ndef test_c(): pass\n",
    )
    finished = run("--isolate=session", "-n1", "-o", f"isolate_start={start}")
    assert finished.counts == {"passed": 2, "crashed": 1}, shown(finished)
    told = lines()
    assert "configure True" in told
    assert "ready gw0 True True" in told
    assert "down gw0 False None True" in told, "after a crash there is no workeroutput"
    assert "down gw0 True 7 False" in told
    assert "crash test_a.py::test_b True" in told
    reports = [line for line in told if line.startswith("report")]
    assert "report test_a.py::test_a True True True" in reports
    assert "report test_a.py::test_c True True True" in reports


@START
def test_5_environment_of_the_controller_after_sessionstart(start, run, write):
    """What a plugin set in the controller's `pytest_sessionstart` is in every test's environment."""
    write(
        "def pytest_sessionstart(session):\n"
        "    if not in_worker(session.config):\n"
        "        os.environ['SET_LATE'] = 'yes'\n        os.environ.pop('SET_BEFORE', None)\n",
        test_a="import os\nAT_IMPORT = os.environ.get('SET_LATE')\ndef test_a():\n    assert AT_IMPORT == os.environ['SET_LATE'] == 'yes'\n    assert 'SET_BEFORE' not in os.environ\n",
    )
    finished = run("--isolate=function", "-o", f"isolate_start={start}", SET_BEFORE="1")
    assert finished.counts == {"passed": 1}, shown(finished)


@START
def test_6_stdout_of_workers_goes_nowhere(start, run, write):
    """What a plugin prints in a worker past the capture does not reach the terminal."""
    write(
        """
def pytest_runtest_logreport(report):
    if "PYTEST_XDIST_WORKER" in os.environ:
        capture = CONFIG.pluginmanager.getplugin("capturemanager")
        with capture.global_and_fixture_disabled():
            print("WORKER SPEAKS", flush=True)
            os.write(1, b"WORKER WRITES\\n")
def pytest_configure(config):
    global CONFIG
    CONFIG = config
""",
        test_a=PASSES,
    )
    finished = run("--isolate=session", "-o", f"isolate_start={start}")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert "WORKER SPEAKS" not in finished.out
    assert "WORKER WRITES" not in finished.out


@START
def test_7_workers_keep_a_terminalreporter(start, run, write):
    """Plugins find `terminalreporter` in a worker; what it writes is discarded."""
    lines = write(
        """
def pytest_runtest_logfinish(nodeid):
    if "PYTEST_XDIST_WORKER" in os.environ:
        reporter = CONFIG.pluginmanager.getplugin("terminalreporter")
        reporter.write_line("WRITTEN IN WORKER")
        note("has", reporter is not None)
def pytest_sessionstart(session):
    global CONFIG
    CONFIG = session.config
""",
        test_a=PASSES,
    )
    finished = run("--isolate=session", "-o", f"isolate_start={start}")
    assert finished.counts == {"passed": 2}, shown(finished)
    assert lines() == ["has True", "has True"]
    assert "WRITTEN IN WORKER" not in finished.out


@START
def test_8_reports_go_through_pytests_own_hooks(start, run, write):
    """Plugins' serialisers are asked, tuples stay tuples, extra reports arrive, repr for the rest."""
    lines = write(
        """
class Odd:
    def __repr__(self): return "<odd one>"
def pytest_runtest_makereport(item, call): pass
@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(config, report):
    data = yield
    if data is not None and in_worker(config): data["from_worker"] = True
    return data
def pytest_runtest_logreport(report):
    if "PYTEST_XDIST_WORKER" not in os.environ and report.when == "call":
        note(report.nodeid, getattr(report, "from_worker", None), [type(p).__name__ for p in report.user_properties], getattr(report, "mine", None), getattr(report, "odd", None))
@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    result = yield
    return result
@pytest.hookimpl(tryfirst=True)
def pytest_runtest_logfinish(nodeid): pass
""",
        test_a="""
import pytest
def test_a(record_property): record_property("a", ("b", 1))
def test_extra(request):
    from _pytest.reports import TestReport
    report = TestReport("extra::one", ("x", 1, "y"), {}, "passed", None, "call")
    report.mine = (1, {"two": {3}})
    report.odd = object
    request.node.ihook.pytest_runtest_logreport(report=report)
""",
    )
    finished = run("--isolate=session", "-o", f"isolate_start={start}", "--junitxml=junit.xml")
    told = lines()
    assert "test_a.py::test_a True ['tuple'] None None" in told, shown(finished)
    [extra] = [line for line in told if line.startswith("extra::one")]
    assert "(1, {'two': {3}})" in extra
    assert "object" in extra
    assert finished.code == 0
    assert '<property name="a"' in (run.path / "junit.xml").read_text()


@pytest.mark.parametrize(
    ("args", "count"), [((), 10), (("-n", "2"), 10), (("-o", "isolate_start=spawn"), 2)]
)
def test_9_nobody_has_foreign_output(args, count, run, files):
    """Forty tests print their names, or eight interpreters; each report has its own and no other."""
    text = "import os, sys, pytest\n@pytest.mark.parametrize('n', range(COUNT))\ndef test_p(n, request):\n    name = f'<{request.node.nodeid}>'\n    print(name)\n    print(name, file=sys.stderr)\n    os.write(1, name.encode() + b'\\n')\n"
    files({f"test_{n}.py": text.replace("COUNT", str(count)) for n in range(4)})
    finished = run("--isolate=function", "--junitxml=junit.xml", "-o", "junit_logging=all",
                   "-o", "junit_log_passing_tests=True", *args)  # fmt: skip
    assert finished.counts == {"passed": 4 * count}, shown(finished)
    for case in ET.parse(run.path / "junit.xml").iter("testcase"):
        nodeid = f"{case.get('classname')}.py::{case.get('name')}"
        text = "".join(case.itertext())
        assert re.findall(r"<([^>]+)>", text) == [nodeid] * 3, text
    assert len(read_junit(run.path / "junit.xml")) == count


STOPS = {
    "shouldstop": ("def pytest_runtest_logreport(report):\n    if in_worker(S.config): S.shouldstop = 'enough'\n", 2),
    "shouldfail": ("def pytest_runtest_logreport(report):\n    if in_worker(S.config): S.shouldfail = 'enough'\n", 1),
    "usage error": ("def pytest_collection_modifyitems(): raise pytest.UsageError('wrong use')\n", 4),
    "exit": ("def pytest_runtest_setup(): pytest.exit('leave', returncode=9)\n", 9),
    "exit in configure": ("def pytest_configure(config):\n    if in_worker(config): pytest.exit('leave', returncode=9)\n", 9),
    "death at import": ("", 2),
}  # fmt: skip


@START
@pytest.mark.parametrize("case", STOPS)
def test_10_stops_and_exit_codes(case, start, run, write, no_process_left):
    """Wishes to stop that arise in a worker are honoured, with pytest's exit status."""
    conftest, code = STOPS[case]
    session = "def pytest_sessionstart(session):\n    global S\n    S = session\n"
    test = SEGV if case == "death at import" else PASSES
    write(session + conftest, test_a=test, test_b=PASSES)
    finished = run("--isolate=session", "-o", f"isolate_start={start}")
    assert finished.code == code, shown(finished)
    assert finished.counts.get("passed", 0) <= 1
    assert "INTERNALERROR" not in finished.out
    no_process_left(finished)

"""Pytest goes on working: each of these compares a run with the same run without `--isolate`."""

from __future__ import annotations

import re
import shutil
import xml.etree.ElementTree as ET

import pytest
from conftest import Finished, shown
from suites import MIXED, ONE_CRASH

LEVELS = ("session", "module", "function")


class Pair:
    """The same runs, plain and isolated, in two copies of the same folder."""

    def __init__(self, run, files):
        self.run, self.files = run, files

    def both(self, *args, level="session", before=(), cwd=".", **environ):
        """Return the plain and the isolated end of a run; `before` is run first in each folder."""
        ends = []
        for name, extra in (("plain", ()), ("isolated", (f"--isolate={level}",))):
            folder = self.run.path / name / "suite"
            shutil.rmtree(folder, ignore_errors=True)
            shutil.copytree(self.run.path / "suite", folder)
            for earlier in before:
                self.run(*earlier, *extra, cwd=folder / cwd, **environ)
            ends.append(self.run(*args, *extra, cwd=folder / cwd, **environ))
        return ends

    def same(self, *args, level="session", before=(), cwd=".", **environ) -> Finished:
        """Assert that exit status, counts, and each test's word in order are the same."""
        plain, isolated = self.both(*args, level=level, before=before, cwd=cwd, **environ)
        message = f"PLAIN:\n{shown(plain)}\nISOLATED:\n{shown(isolated)}"
        assert isolated.code == plain.code, message
        assert isolated.counts == plain.counts, message
        assert isolated.verbose == plain.verbose, message
        return isolated


@pytest.fixture
def pair(run, files):
    def write(texts=MIXED):
        files({f"suite/{name}": text for name, text in texts.items()})
        return Pair(run, files)

    return write


#: Options that select, stop or show; each with a suite that has all kinds of ends in it.
CASES = {
    "nothing": (),
    "x": ("-x",),
    "maxfail 2": ("--maxfail=2",),
    "k": ("-k", "param or colour"),
    "k not": ("-k", "not fail"),
    "m": ("-m", "special"),
    "deselect": ("--deselect", "test_one.py::test_fail", "--deselect", "sub"),
    "node id with brackets": ("test_one.py::test_param[a[b]]",),
    "node id with colons": ("test_one.py::test_param[c::d]",),
    "node id with a blank": ("test_one.py::test_param[e f]",),
    "node id that looks like another": ("test_one.py::test_param[x/y.py::test_z[1]]",),
    "node id of a class": ("test_one.py::TestClass",),
    "folder": ("sub",),
    "file twice": ("sub/test_two.py", "sub/test_two.py"),
    "keep duplicates": ("--keep-duplicates", "sub/test_two.py", "sub/test_two.py"),
    "ignore": ("--ignore=sub",),
    "no capture": ("-s",),
    "capture sys": ("--capture=sys",),
    "capture tee-sys": ("--capture=tee-sys",),
    "capture fd": ("--capture=fd",),
    "warnings as errors": ("-W", "error"),
    "warnings ignored": ("-W", "ignore"),
    "no warnings plugin": ("-p", "no:warnings"),
    "no cache plugin": ("-p", "no:cacheprovider"),
    "no logging plugin": ("-p", "no:logging"),
    "no faulthandler plugin": ("-p", "no:faulthandler"),
    "runxfail": ("--runxfail",),
    "importlib": ("--import-mode=importlib",),
    "append": ("--import-mode=append",),
    "rootdir": ("--rootdir=sub",),
    "confcutdir": ("--confcutdir=.",),
    "doctest modules": ("--doctest-modules",),
    "tb short": ("--tb=short",),
    "showlocals": ("-l",),
    "strict markers": ("--strict-markers",),
    "verbosity 2": ("-v",),
    "setup show": ("--setup-show",),
    "setup plan": ("--setup-plan",),
    "setup only": ("--setup-only",),
    "assert plain": ("--assert=plain",),
    "no such test": ("test_one.py::test_none",),
    "no such file": ("none.py",),
    "nothing selected": ("-k", "nothing_like_it"),
    "unknown option": ("--no-such-option",),
    "stepwise": ("--sw",),
    "new first": ("--nf",),
}


@pytest.mark.parametrize("case", CASES)
def test_same_ends(case, pair):
    """Exit status, counts, and the word for each test, in order, are plain pytest's."""
    pair().same("-v", *CASES[case])


@pytest.mark.slow
@pytest.mark.parametrize("level", ["module", "function"])
@pytest.mark.parametrize("case", CASES)
def test_same_ends_at_tighter_levels(case, level, pair):
    """As above, at the levels that change more."""
    pair().same("-v", *CASES[case], level=level)


AFTER_A_RUN = {
    "last failed": ("--lf",),
    "failed first": ("--ff",),
    "new first": ("--nf",),
    "stepwise": ("--sw",),
    "stepwise skip": ("--sw-skip",),
    "last failed, none known": ("--lf", "--cache-clear"),
    "last failed, no failures: none": ("--lf", "--lfnf=none", "test_one.py::test_pass"),
}


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("case", AFTER_A_RUN)
def test_same_ends_after_a_first_run(case, level, pair):
    """The caches that one run leaves and the next one reads are plain pytest's."""
    first = ("--sw",) if "stepwise" in case else ()
    pair().same("-v", *AFTER_A_RUN[case], level=level, before=[first])


def test_last_failed_knows_crashes(run, files):
    """`--lf` runs what crashed, and what could not be collected."""
    files(ONE_CRASH)
    run("--isolate=session")
    finished = run("--isolate=session", "--lf", "-v")
    assert finished.counts == {"crashed": 1}, shown(finished)


@pytest.mark.parametrize("option", ["-x", "--maxfail=1", "--sw"])
def test_a_crash_counts_as_a_failure(option, run, files):
    """-x, --maxfail and --sw stop after a crash; nothing further starts."""
    files(ONE_CRASH)
    finished = run("--isolate=session", option)
    assert finished.tests == {"passed": 1, "crashed": 1}, shown(finished)
    assert finished.code == (2 if option == "--sw" else 1)


#: What is the same line by line, but for times and what we add ourselves.
STYLES = {
    "q": ("-q",), "qq": ("-qq",), "plain": (), "v": ("-v",), "vv": ("-vv",), "rA": ("-rA",),
    "rN": ("-rN",), "rfEsxX": ("-rfEsxX",), "tb long": ("--tb=long",), "tb line": ("--tb=line",),
    "tb no": ("--tb=no",), "no header": ("--no-header",),
    "no summary": ("--no-summary",), "show capture": ("--show-capture=log",),
    "co": ("--co",), "co q": ("--co", "-q"), "fixtures": ("--fixtures",), "markers": ("--markers",),
    "log cli": ("-o", "log_cli=1"), "log cli level": ("--log-cli-level=DEBUG",),
    "count": ("-o", "console_output_style=count"), "classic": ("-o", "console_output_style=classic"),
}  # fmt: skip


def comparable(finished, folder):
    text = finished.out.replace(f"/{folder}/suite", "/suite")
    text = re.sub(r"\d+\.\d+s|0x[0-9a-f]+|'\w+\.\w+'", "", text)
    text = re.sub(r"@pytest\.mark\.\w+: .*\(pytest-bulkhead, isolate_marks\)\.\n\n", "", text)
    # In plain pytest's -v "collecting ..." stands before the count; nobody here waits for it.
    lines = [line.strip("= ").removeprefix("collecting ... ") for line in text.splitlines()]
    return [line for line in lines if not line.startswith(("isolate:", "rootdir", "cachedir"))]


@pytest.mark.parametrize("style", STYLES)
def test_same_output(style, pair):
    """The terminal says the same, line by line, with one header line more."""
    plain, isolated = pair().both(*STYLES[style])
    assert isolated.code == plain.code
    assert comparable(isolated, "isolated") == comparable(plain, "plain")


@pytest.mark.parametrize("level", LEVELS)
def test_same_junit(level, pair):
    """The JUnit file has the same suites, cases, ends, messages, output and properties."""
    plain, isolated = pair().both("--junitxml=junit.xml", "-o", "junit_logging=all", level=level)

    def content(folder):
        root = ET.parse(folder / "junit.xml").getroot()
        for node in root.iter():
            for name in ("time", "timestamp", "hostname"):
                node.attrib.pop(name, None)
        text = ET.tostring(root, encoding="unicode").replace(str(folder), "")
        return re.sub(r"0x[0-9a-f]+", "0x", text).splitlines()

    assert content(isolated.path / "isolated/suite") == content(plain.path / "plain/suite")


def test_durations(pair):
    """`--durations` names the slow tests with their phases and real times."""
    text = "import time\ndef test_slow(): time.sleep(0.3)\ndef test_fast(): pass\n"
    finished = pair({"test_d.py": text}).same("-v", "--durations=1", "--durations-min=0.2")
    assert re.search(r"0\.[345]\d*s call +test_d\.py::test_slow", finished.out), shown(finished)


@pytest.mark.parametrize("args", [("--basetemp=mine",), ()])
def test_tmp_path(args, pair):
    """Each test's tmp_path is its own, below --basetemp when that is given, and kept as configured."""
    text = """
import pytest
@pytest.mark.parametrize("n", range(3))
def test_t(n, tmp_path, tmp_path_factory, request):
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "x").write_text("x")
    assert tmp_path_factory.mktemp("other") != tmp_path
    given = request.config.option.basetemp
    if given: assert "mine" in str(tmp_path)
    open("paths.txt", "a").write(f"{tmp_path}\\n")
"""
    for level in LEVELS:
        pair({"test_t.py": text}).same("-v", *args, level=level)


@pytest.mark.parametrize("level", LEVELS)
def test_no_two_tests_share_a_tmp_path_in_parallel(level, run, files):
    """Workers never hand out the same folder."""
    text = "def test_a(tmp_path): open('paths.txt', 'a').write(f'{tmp_path}\\n')\ndef test_b(tmp_path, tmp_path_factory): open('paths.txt', 'a').write(f'{tmp_path}\\n{tmp_path_factory.mktemp(\"m\")}\\n')\n"
    files({f"test_{n}.py": text for n in range(4)})
    finished = run(f"--isolate={level}", "-n", "2")
    assert finished.counts == {"passed": 8}, shown(finished)
    paths = (run.path / "paths.txt").read_text().split()
    assert len(set(paths)) == len(paths) == 12


def test_subfolder_as_working_directory(pair):
    """Started from a folder below rootdir, node ids and conftests are those of plain pytest."""
    pair().same("-v", cwd="sub")
    pair().same("-v", "../test_one.py::TestClass", cwd="sub")


def test_pytest_plugins_and_p(pair):
    """`pytest_plugins`, `-p name` and PYTEST_PLUGINS load what they name, in workers too."""
    plugin = "import pytest\n@pytest.fixture\ndef from_{0}(): return '{0}'\n"
    suite = {
        "first.py": plugin.format("first"), "second.py": plugin.format("second"),
        "third.py": plugin.format("third"), "conftest.py": "pytest_plugins = ['first']\n",
        "test_p.py": "def test_p(from_first, from_second, from_third): pass\n",
    }  # fmt: skip
    for level in LEVELS:
        pair(suite).same("-v", "-p", "second", level=level, PYTEST_PLUGINS="third", PYTHONPATH=".")


def test_subtests(pair):
    """Subtests of pytest 9: their reports, words and counts are plain pytest's."""
    pytest.importorskip("pytest", minversion="9.0")
    text = """
def test_s(subtests):
    for n in range(4):
        with subtests.test("sub", n=n):
            assert n % 2
def test_fine(subtests):
    with subtests.test(): pass
"""
    for level in LEVELS:
        plain, isolated = pair({"test_s.py": text}).both("-v", "-rA", level=level)
        # Pytest itself sends the arguments of subtests as their repr, as to pytest-xdist.
        ours, theirs = comparable(isolated, "isolated"), comparable(plain, "plain")
        assert [re.sub("[' _=-]+", "", x) for x in ours] == [
            re.sub("[' _=-]+", "", x) for x in theirs
        ]


def test_warnings_summary(pair):
    """Warnings of collection, conftests, set-up, call and teardown are in the summary, once."""
    text = """
import warnings, pytest
warnings.warn("at import")
@pytest.fixture
def fix():
    warnings.warn("in setup")
    yield
    warnings.warn("in teardown", DeprecationWarning)
def test_w(fix): warnings.warn("in call")
"""
    conftest = "import warnings\ndef pytest_configure(): warnings.warn('in configure')\n"
    for level in LEVELS:
        suite = pair({"test_w.py": text, "conftest.py": conftest})
        plain, isolated = suite.both("-v", level=level)
        assert isolated.counts == plain.counts, shown(isolated)
        for text_ in ("at import", "in setup", "in call", "in teardown"):
            assert text_ in isolated.out, shown(isolated)
        assert comparable(isolated, "isolated") == comparable(plain, "plain")


def test_record_property_and_xml_attribute(pair):
    """Properties of tests and of the suite reach the JUnit file."""
    text = """
def test_r(record_property, record_testsuite_property, record_xml_attribute):
    record_property("number", 7)
    record_testsuite_property("ours", "yes")
    record_xml_attribute("classname", "renamed")
"""
    _, isolated = pair({"test_r.py": text}).both("--junitxml=junit.xml")
    content = (isolated.path / "isolated/suite/junit.xml").read_text()
    assert '<property name="number" value="7"' in content
    assert 'classname="renamed"' in content
    assert '<property name="ours" value="yes"' in content


@pytest.mark.parametrize("option", ["-s", "--capture=tee-sys"])
def test_uncaptured_output_stands_where_it_belongs(pair, option):
    """What tests print without capture is between the same lines as in plain pytest."""
    text = """
import pytest
@pytest.fixture
def talks():
    print("in set-up")
    yield
    print("in teardown")
def test_a(talks): print("in a")
def test_b(): print("in b"); assert 0
def test_c(talks): print("in c")
"""
    for level in LEVELS:
        plain, isolated = pair({"test_live.py": text}).both(option, "-v", "--tb=no", level=level)
        live = [end.out.partition("test_live.py::")[2].partition("=====")[0]
                for end in (plain, isolated)]  # fmt: skip
        assert live[0] == live[1], shown(isolated)


@pytest.mark.parametrize("option", ["--setup-show", "--setup-only", "--setup-plan"])
def test_setup_show(pair, option):
    """What pytest prints of fixtures that come and go is the same, line for line."""
    text = """
import pytest
@pytest.fixture(scope="module", params=["red", "green"])
def wide(request): yield request.param
@pytest.fixture
def narrow(wide): return wide
def test_both(narrow): pass
def test_wide(wide): assert wide == "red"
def test_none(): pass
"""
    for level in LEVELS:
        plain, isolated = pair({"test_show.py": text}).both(option, "-v", level=level)
        shows = [[line for line in end.out.splitlines() if "test_show.py" in line or " F " in line
                  or " M " in line] for end in (plain, isolated)]  # fmt: skip
        if level == "function":  # each process sets the wide fixture up, and tears it down
            assert len(shows[0]) <= len(shows[1]), shown(isolated)
        else:
            assert shows[0] == shows[1], shown(isolated)


def test_log_file(pair):
    """`--log-file` holds what the tests logged, as in plain pytest."""
    plain, isolated = pair().both("--log-file=log.txt", "--log-file-level=DEBUG")
    ours, theirs = ((e.path / n / "suite/log.txt").read_text()
                    for e, n in ((isolated, "isolated"), (plain, "plain")))  # fmt: skip
    assert ours == theirs


EXIT_CODES = {
    0: {"test_a.py": "def test_a(): pass\n"},
    1: {"test_a.py": "def test_a(): assert 0\n"},
    2: {"test_a.py": "import nothing_of_that_name\n"},
    3: {"test_a.py": "def test_a(): pass\n",
        "conftest.py": "def pytest_runtest_protocol(): raise ValueError('a plugin broke')\n"},
    4: {"test_a.py": "def test_a(): pass\n",
        "conftest.py": "import pytest\ndef pytest_collection_modifyitems(): raise pytest.UsageError('no')\n"},
    5: {"readme.txt": ""},
}  # fmt: skip


@pytest.mark.parametrize("code", EXIT_CODES)
def test_exit_codes(code, pair):
    """0 to 5 mean what they mean in plain pytest."""
    finished = pair(EXIT_CODES[code]).same("-v")
    assert finished.code == code


STOPS = {
    "exit in a test": "import pytest\ndef test_a(): pytest.exit('enough', returncode=9)\ndef test_b(): pass\n",
    "exit at import": "import pytest\npytest.exit('enough', returncode=9)\n",
    "exit in a fixture": "import pytest\n@pytest.fixture\ndef f(): pytest.exit('enough')\ndef test_a(f): pass\n",
    "skip at import": "import pytest\npytest.skip('not here', allow_module_level=True)\n",
    "error at import": "raise ValueError('no')\n",
    "syntax error": "def test_a(:\n",
    "stop asked": "def test_a(request): request.session.shouldstop = 'enough'\ndef test_b(): pass\n",
    "fail asked": "def test_a(request): request.session.shouldfail = 'enough'\ndef test_b(): pass\n",
}


@pytest.mark.parametrize("args", [(), ("--continue-on-collection-errors",)])
@pytest.mark.parametrize("case", STOPS)
def test_stops(case, args, pair):
    """What ends a run early ends it as in plain pytest, with its exit status."""
    suite = pair({"test_1.py": STOPS[case], "test_2.py": "def test_later(): pass\n"})
    plain, isolated = suite.both("-v", *args)
    message = f"PLAIN:\n{shown(plain)}\nISOLATED:\n{shown(isolated)}"
    assert isolated.code == plain.code, message
    assert isolated.tests == plain.tests, message
    assert isolated.verbose == plain.verbose, message


def test_collect_only_starts_no_process(run, files):
    """`--collect-only` has one process: nothing beyond the one that collects."""
    text = """
import os, pathlib
tag = f"BULKHEAD_TEST_TAG={os.environ['BULKHEAD_TEST_TAG']}".encode()
def ours(pid):
    try: return tag in pathlib.Path(f"/proc/{pid}/environ").read_bytes()
    except OSError: return False
pids = [pid for pid in os.listdir("/proc") if pid.isdigit() and ours(pid)]
open("pids.txt", "a").write(" ".join(pids) + "\\n")
def test_a(): pass
"""
    files({"test_a.py": text})
    running = run.start("--isolate=function", "--co", "-n", "2")
    finished = running.finish()
    assert finished.code == 0, shown(finished)
    assert "1 test collected" in finished.out
    assert (run.path / "pids.txt").read_text().split() == [str(running.process.pid)]


def test_live_output_with_s(run, files):
    """With -s, what a test prints is on the terminal, once, before the run ends."""
    files({"test_s.py": "def test_s(): print('spoken aloud')\n"})
    finished = run("--isolate=session", "-s")
    assert finished.out.count("spoken aloud") == 1, shown(finished)


def test_unittest_and_doctest_items(pair):
    """Cases of unittest, and doctests,  run like functions."""
    suite = {
        "test_u.py": "import unittest\nclass TestU(unittest.TestCase):\n    def test_1(self): pass\n    def test_2(self): self.fail()\n    @unittest.skip('x')\n    def test_3(self): pass\n    def test_sub(self):\n        for n in range(3):\n            with self.subTest(n=n): self.assertEqual(n, 1)\n",
        "test_d.txt": ">>> 1 + 1\n2\n>>> 1 + 1\n3\n",
        "mod.py": "def f():\n    '''\n    >>> f()\n    7\n    '''\n    return 7\n",
    }
    for level in LEVELS:
        pair(suite).same("-v", "--doctest-modules", level=level)


def test_xunit_setups(pair):
    """setup_module and its kin are run as often as in plain pytest, at `session`."""
    text = """
ups = []
def setup_module(): ups.append("m")
def teardown_module(): open("ups.txt", "a").write(" ".join(ups))
def setup_function(): ups.append("f")
class TestC:
    def setup_class(cls): ups.append("c")
    def setup_method(self): ups.append("d")
    def test_1(self): pass
    def test_2(self): pass
def test_3(): assert ups == ["m", "c", "d", "d", "f"]
"""
    pair({"test_x.py": text}).same("-v")

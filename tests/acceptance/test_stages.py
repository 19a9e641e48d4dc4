"""With a process for each test, fixtures that are wider are set up once, in stages.

Each suite writes what it does to a log, with process ids. What plain pytest logs is what we log;
but each test sees the fixtures as they were made.
"""

from __future__ import annotations

import re
import signal

import pytest
from conftest import shown, wait_for

LOG = """
import os, pathlib, pytest
def note(text):
    with open(pathlib.Path(__file__).parent / "log.txt", "a") as file:
        file.write(f"{os.getpid()} {text}\\n")
"""

HEAD = "import pytest\nfrom log import note\n"

SCOPES = ("session", "package", "module", "class")


@pytest.fixture
def logged(run):
    """Run pytest; return what it finished with, and [(pid, text)] of the log."""

    def start(*options, **more):
        log = run.path / "log.txt"
        log.unlink(missing_ok=True)
        finished = run(*options, **more)
        lines = log.read_text().splitlines() if log.exists() else []
        return finished, [tuple(line.split(" ", 1)) for line in lines]

    return start


def texts(log):
    return [text for _pid, text in log]


def same_as_plain(logged, level="function", *options):
    """Run a suite plainly and isolated; both log the same in the same order. Return the second."""
    plain, expected = logged(*options)
    finished, log = logged(f"--isolate={level}", *options)
    assert finished.tests == plain.tests, shown(finished)
    assert texts(log) == texts(expected), shown(finished)
    return finished, log


def fixtures(*scopes, autouse=False, prefix=""):
    return "".join(
        f"@pytest.fixture(scope={scope!r}, autouse={autouse})\ndef {prefix}{scope}_():\n"
        f"    note('set {scope}')\n    yield [{scope!r}]\n    note('clear {scope}')\n"
        for scope in scopes
    )


USERS = """
import pytest
from log import note
def test_a(session_, package_, module_): note("a")
class TestC:
    def test_b(self, class_, module_): note("b")
    def test_c(self, class_): note("c")
def test_d(session_): note("d")
"""


@pytest.mark.parametrize("level", ["function", "class"])
def test_each_scope_is_set_up_once_in_plain_order(level, files, logged):
    """Session, package, module and class, over two packages and three modules."""
    suite = {
        "log.py": LOG,
        "conftest.py": HEAD + fixtures(*SCOPES),
        **{f"{p}/__init__.py": "" for p in ("p", "q")},
        **dict.fromkeys(("p/test_1.py", "p/test_2.py", "q/test_1.py"), USERS),
    }
    files(suite)
    _finished, log = same_as_plain(logged, level)
    cells = {pid for pid, text in log if text in "abcd"}
    assert len(cells) == {"function": 12, "class": 9}[level]


def test_a_nested_package_keeps_the_fixture_of_the_outer_one(files, logged):
    """A package fixture belongs to the package that defines it, not to the innermost."""
    user = "from log import note\ndef test_a(outer): note('a')\ndef test_b(outer): note('b')\n"
    outer = (
        "import pytest\nfrom log import note\n@pytest.fixture(scope='package')\n"
        "def outer():\n    note('set')\n    yield\n    note('clear')\n"
    )
    files({
        "log.py": LOG, "conftest.py": "import log", "p/__init__.py": "", "p/sub/__init__.py": "",
        "p/fixtures.py": outer, "p/conftest.py": "from p.fixtures import outer\n",
        "p/test_1.py": user, "p/sub/test_2.py": user,
    })  # fmt: skip
    same_as_plain(logged)


def test_setup_functions_of_packages_modules_and_classes(files, logged):
    """`setup_module`, `setup_class`, `setUpClass`, `setUpModule`, and those of a package."""
    files({
        "log.py": LOG, "conftest.py": "import log",
        "p/__init__.py": "from log import note\n"
        "def setup_module(): note('set package')\ndef teardown_module(): note('clear package')\n",
        "p/test_x.py": """
import unittest
from log import note
def setup_module(module): note("set module")
def teardown_module(module): note("clear module")
def setup_function(): note("set function")
def test_1(): note("1")
class TestA:
    @classmethod
    def setup_class(cls): note("set class"); cls.made = ["class"]
    @classmethod
    def teardown_class(cls): note("clear class")
    def setup_method(self): note("set method")
    def test_2(self): note("2"); self.made.append(2)
    def test_3(self): note("3")
class TestB(unittest.TestCase):
    @classmethod
    def setUpClass(cls): note("set case"); cls.made = ["case"]
    @classmethod
    def tearDownClass(cls): note("clear case")
    def setUp(self): note("set up")
    def test_4(self): note("4"); self.assertEqual(self.made, ["case"])
    def test_5(self): note("5")
""",
        "p/test_y.py": "from log import note\n"
        "def setUpModule(): note('set y')\ndef tearDownModule(): note('clear y')\n"
        "def test_6(): note('6')\ndef test_7(): note('7')\n",
    })  # fmt: skip
    same_as_plain(logged)


def test_parameters_of_wide_fixtures(files, logged):
    """`params`, indirect ones, a scope given by parametrize, and fixtures that depend on those."""
    files({
        "log.py": LOG, "conftest.py": "import log",
        "test_p.py": """
import pytest
from log import note
@pytest.fixture(scope="session", params=["A", "B"])
def letter(request):
    note(f"set {request.param}"); yield request.param; note(f"clear {request.param}")
@pytest.fixture(scope="module")
def twice(letter):
    note(f"set {letter}{letter}"); yield letter * 2; note(f"clear {letter}{letter}")
@pytest.fixture(scope="module")
def given(request):
    note(f"set {request.param}"); yield request.param; note(f"clear {request.param}")
def test_1(letter): note(f"1 {letter}")
def test_2(twice): note(f"2 {twice}")
@pytest.mark.parametrize("given", ["x", "y"], indirect=True)
def test_3(given): note(f"3 {given}")
@pytest.mark.parametrize("given", ["y", "x"], indirect=True)
def test_4(given): note(f"4 {given}")
@pytest.mark.parametrize("number", [1, 2], scope="module")
class TestN:
    def test_5(self, number): note(f"5 {number}")
    def test_6(self, number): note(f"6 {number}")
""",
    })  # fmt: skip
    same_as_plain(logged)


@pytest.mark.parametrize("level", ["function", "class"])
def test_a_class_whose_first_test_needs_nothing_of_the_module(level, files, logged):
    """Its other tests share the module's fixtures all the same, with those outside."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("module", "class"),
        "test_x.py": "from log import note\nclass TestX:\n"
        "    def test_1(self, class_): note('1')\n    def test_2(self, module_): note('2')\n"
        "    def test_3(self, class_, module_): note('3')\ndef test_4(module_): note('4')\n",
    })  # fmt: skip
    plain, expected = logged()
    finished, log = logged(f"--isolate={level}")
    assert finished.tests == plain.tests, shown(finished)
    assert sorted(texts(log)) == sorted(texts(expected))


PARAMETERS = """
import pytest
from log import note
@pytest.fixture(scope="session", params=["A", "B"])
def letter(request):
    note(f"set {request.param}"); yield request.param; note(f"clear {request.param}")
@pytest.fixture(scope="session")
def twice(letter): note(f"set {letter}{letter}"); yield; note(f"clear {letter}{letter}")
@pytest.fixture(scope="session", params=[1, 2])
def sour(request): note(f"set {request.param}"); yield; raise ValueError(f"sour {request.param}")
"""


@pytest.mark.parametrize("level", ["function", "class"])
def test_a_parameter_changes_and_what_does_not_depend_on_it_stands(level, files, logged):
    """A wide parameter in one module or several; one of a class that a nested class needs too.

    And what the teardown of its first value raises is an error of the first test with the second.
    """
    files({
        "log.py": LOG, "conftest.py": PARAMETERS + fixtures("session", "module"),
        "test_a.py": "from log import note\n"
        "def test_0(session_): note('0')\ndef test_1(letter): note(f'1 {letter}')\n"
        "def test_2(twice, module_, session_): note('2')\ndef test_3(module_): note('3')\n",
        "test_b.py": HEAD + "class TestOuter:\n    @pytest.fixture(scope='class', params=[1, 2])\n"
        "    def number(self, request): note(f'set {request.param}'); yield; note('clear')\n"
        "    @pytest.fixture(scope='class')\n    def other(self): note('set'); yield; note('end')\n"
        "    def test_4(self, number): note('4')\n    class TestInner:\n"
        "        def test_5(self, number, other): note('5')\n"
        "        def test_6(self, number, other): note('6')\n"
        "    def test_7(self, number): note('7')\n",
        "test_c.py": "from log import note\ndef test_8(sour, module_): note('8')\n"
        "def test_9(module_, sour): note('9')\n",
        "test_d.py": "from log import note\ndef test_10(sour): note('10')\n",
    })  # fmt: skip
    same_as_plain(logged, level, "test_a.py")
    same_as_plain(logged, level, "test_b.py")
    finished, _log = same_as_plain(logged, level, "-v", "test_c.py", "test_d.py")
    assert finished.tests["error"] == 2, shown(finished)


def test_autouse_usefixtures_finalizers_and_overrides(files, logged):
    """However a fixture comes to a test, and whichever of several with one name it is."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session", "module", autouse=True),
        "test_x.py": """
import pytest
from log import note
@pytest.fixture(scope="module")
def thing(request):
    request.addfinalizer(lambda: note("finalizer 1"))
    request.addfinalizer(lambda: note("finalizer 2"))
    note("thing"); return ["thing"]
@pytest.mark.usefixtures("thing")
def test_1(): note("1")
def test_2(thing): note("2")
class TestO:
    @pytest.fixture(scope="class")
    def thing(self, thing):
        note("override"); yield [*thing, "override"]; note("clear override")
    def test_3(self, thing): assert thing == ["thing", "override"]; note("3")
    def test_4(self, thing): note("4")
def test_5(thing): note("5")
""",
    })  # fmt: skip
    same_as_plain(logged)


def test_each_test_sees_the_fixtures_as_they_were_made(files, logged, run):
    """The one difference from plain pytest; `--isolate=module` goes on sharing."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures(*SCOPES),
        "p/__init__.py": "",
        "p/test_x.py": """
class TestX:
    def test_1(self, session_, package_, module_, class_):
        for made in (session_, package_, module_, class_): made.append("used")
    def test_2(self, session_, package_, module_, class_):
        assert [*session_, *package_, *module_, *class_] == ["session", "package", "module", "class"]
""",
    })  # fmt: skip
    finished, _log = logged("--isolate=function")
    assert finished.tests == {"passed": 2}, shown(finished)
    finished, _log = logged("--isolate=module")
    assert finished.tests == {"passed": 1, "failed": 1}, shown(finished)


def test_a_fixture_that_is_asked_for_at_run_time(files, logged):
    """`getfixturevalue`: what the stage has is shared, what it has not is the test's own."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session", "module"),
        "test_x.py": """
from log import note
def test_1(request): request.getfixturevalue("module_"); note("1")
def test_2(session_): note("2")
def test_3(request): assert request.getfixturevalue("session_") == ["session"]; note("3")
""",
    })  # fmt: skip
    finished, log = logged("--isolate=function")
    assert finished.tests == {"passed": 3}, shown(finished)
    assert texts(log) == [
        "set module", "1", "clear module", "set session", "2", "3", "clear session",
    ]  # fmt: skip


def test_what_a_wide_fixture_raises_is_an_error_of_each_test(files, logged):
    """An error or a skip in a set-up: tried once, met by all that need it."""
    files({
        "log.py": LOG, "conftest.py": "import log",
        "test_x.py": """
import pytest
from log import note
@pytest.fixture(scope="module")
def broken(): note("broken"); raise ValueError("no such thing")
@pytest.fixture(scope="module")
def skips(): note("skips"); pytest.skip("not here")
def test_1(): pass
def test_2(broken): pass
def test_3(broken): pass
def test_4(skips): pass
def test_5(skips): pass
def test_6(): pass
""",
    })  # fmt: skip
    finished, _log = same_as_plain(logged, "function", "-rs")
    assert finished.tests == {"passed": 2, "skipped": 2, "error": 2}
    assert finished.out.count("ValueError: no such thing") >= 2, shown(finished)


def test_what_a_teardown_raises_is_an_error_of_the_last_test(files, logged):
    """As in plain pytest: once, after the module's last test, which has passed."""
    files({
        "log.py": LOG, "conftest.py": "import log",
        "test_x.py": """
import pytest
from log import note
@pytest.fixture(scope="module")
def sour(): yield; note("sour"); raise ValueError("turned sour")
def test_1(sour): pass
def test_2(): pass
""",
        "test_y.py": "def test_3(): pass\n",
    })  # fmt: skip
    finished, _log = same_as_plain(logged)
    assert finished.tests == {"passed": 3, "error": 1}
    assert "ERROR at teardown of test_2" in finished.out, shown(finished)


def test_a_test_that_is_skipped_has_nothing_set_up(files, logged):
    """By a mark, or by a `pytest_runtest_setup` of a conftest."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session", "module") + """
def pytest_runtest_setup(item):
    if item.get_closest_marker("gpu"): pytest.skip("no gpu")
""",
        "pytest.ini": "[pytest]\nmarkers = gpu\n",
        "test_x.py": """
import pytest
from log import note
@pytest.mark.skip(reason="so")
def test_1(session_): pass
@pytest.mark.gpu
def test_2(session_): pass
def test_3(module_): note("3")
def test_4(module_): note("4")
@pytest.mark.xfail(run=False)
def test_5(session_): pass
""",
    })  # fmt: skip
    finished, log = same_as_plain(logged)
    assert "set session" not in texts(log), shown(finished)


CRASH = "import ctypes; ctypes.string_at(0)"


def test_a_crash_in_a_stages_setup_is_blamed_on_the_fixture(files, logged):
    """One test has crashed in it; it is not set up again; what stood above still stands."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        "test_x.py": f"""
import pytest
from log import note
@pytest.fixture(scope="module")
def deadly(session_): note("deadly"); {CRASH}
def test_1(session_): note("1")
def test_2(deadly): pass
def test_3(deadly): pass
def test_4(session_): note("4")
""",
    })  # fmt: skip
    finished, log = logged("--isolate=function")
    assert finished.tests == {"passed": 2, "crashed": 1, "error": 1}, shown(finished)
    assert "crashed with SIGSEGV in setup of fixture 'deadly' (module of test_x.py)" in finished.out
    assert texts(log) == ["set session", "1", "deadly", "4", "clear session"], shown(finished)


def test_a_crash_in_a_stages_teardown_is_blamed_on_the_fixture(files, logged):
    """An error at teardown of the last test; the next module has its stage all the same."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session", "module", autouse=True),
        "test_x.py": f"""
import pytest
@pytest.fixture(scope="module")
def deadly(): yield; {CRASH}
def test_1(deadly): pass
def test_2(deadly): pass
""",
        "test_y.py": "def test_3(): pass\ndef test_4(): pass\n",
    })  # fmt: skip
    finished, log = logged("--isolate=function")
    assert finished.tests == {"passed": 4, "error": 1}, shown(finished)
    assert (
        "crashed with SIGSEGV in teardown of fixture 'deadly' (module of test_x.py)" in finished.out
    )
    assert texts(log).count("set session") == 1


def test_a_stage_goes_on_after_a_crash_of_its_test(files, logged):
    """A crash costs one test, not the fixtures of the others."""
    tests = "".join(
        f"def test_{n}(module_): {CRASH if n % 2 else 'assert len(module_) == 1'}\n"
        for n in range(6)
    )
    files({"log.py": LOG, "conftest.py": HEAD + fixtures("module"), "test_x.py": tests})
    finished, log = logged("--isolate=function")
    assert finished.tests == {"passed": 3, "crashed": 3}, shown(finished)
    assert texts(log) == ["set module", "clear module"]


def test_a_test_that_hangs_costs_no_fixture(files, logged):
    """It is ended by its limit, and the stage that it was forked from goes on."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session", "module"),
        "test_x.py": "import time\ndef test_1(session_, module_): time.sleep(60)\n"
        "def test_2(session_, module_): pass\n",
    })  # fmt: skip
    finished, log = logged("--isolate=function", "--isolate-timeout=1")
    assert finished.tests == {"passed": 1, "timed out": 1}, shown(finished)
    assert texts(log) == ["set session", "set module", "clear module", "clear session"]


def test_a_stage_that_hangs_is_ended_by_the_limit_of_its_test(files, logged):
    """The limit counts for the set-up of what a test is the first to need."""
    files({
        "log.py": LOG, "conftest.py": "import log",
        "test_x.py": """
import pytest, time
@pytest.fixture(scope="module")
def slow(): time.sleep(60)
def test_1(): pass
def test_2(slow): pass
def test_3(slow): pass
def test_4(): pass
""",
    })  # fmt: skip
    finished, _log = logged("--isolate=function", "--isolate-timeout=1")
    assert finished.tests == {"passed": 2, "timed out": 1, "error": 1}, shown(finished)


LOUD = """
import logging, pytest, sys, time
def say(text):
    print("out " + text); print("err " + text, file=sys.stderr); logging.warning("log " + text)
def make(scope, seconds=0.0):
    @pytest.fixture(scope=scope, name=scope + "_")
    def fixture():
        say("set " + scope); time.sleep(seconds); yield; say("clear " + scope); time.sleep(seconds)
    return fixture
session_, class_, function_ = map(make, ["session", "class", "function"])
module_ = make("module", 0.4)
def logged(caplog): return [record.message for record in caplog.get_records("setup")]
def test_1(session_, module_, function_, caplog):
    assert logged(caplog) == ["log set session", "log set module", "log set function"]
    assert "log set session" in caplog.text
class TestC:
    def test_2(self, class_, function_): say("call")
    def test_3(self, class_, function_, caplog): assert logged(caplog) == ["log set function"]
    def test_4(self, class_, function_): assert "seen" == "not seen"
def test_5(module_): pass
@pytest.fixture(scope="module")
def sour(): yield; say("souring"); raise ValueError("turned sour")
def test_6(sour, function_): pass
"""

TWICE_SOUR = """
import pytest
@pytest.fixture(scope="module")
def sour(): yield; raise ValueError("turned sour, too")
@pytest.fixture
def bitter(): yield; raise KeyError("tasted bitter")
def test_8(sour, bitter): pass
"""


def reported(run, *options):
    """Run pytest; return that, what it shows, and the JUnit file, without what always differs."""
    finished = run(
        "-rP", "--durations=0", "--durations-min=0.35", "--no-header", "--junit-xml=junit.xml",
        "-o", "junit_logging=all", *options,
    )  # fmt: skip
    out = re.sub(r"\nisolate: .*|0x[0-9a-f]+| in [0-9.]+s", "", finished.out)
    shown_, _, slowest = out.partition("slowest durations")
    junit = (run.path / "junit.xml").read_text()
    junit = re.sub(r'(time|timestamp)="[^"]*"|0x[0-9a-f]+', "", junit)
    return finished, shown_, sorted(re.findall(r"(?:setup|teardown) .*", slowest)), junit


def test_what_is_reported_of_wide_fixtures_is_as_in_plain_pytest(files, run):
    """Output, log, seconds and errors stand with the first test and the last, in JUnit too.

    `caplog` has them too. Only where the last test's own teardown fails as well are both errors
    told one after the other, not as a group.
    """
    files({"test_x.py": LOUD, "test_y.py": "def test_7(): pass\n"})
    plain, *expected = reported(run)
    finished, *found = reported(run, "--isolate=function")
    assert found == expected, shown(finished)
    assert found[1] == ["setup    test_x.py::test_1", "teardown test_x.py::test_6"]
    finished, *found = reported(run, "--isolate=module")
    assert found == expected, shown(finished)
    finished, _shown, _slowest, junit = reported(run, "--isolate=function", "-n2")
    assert finished.tests == plain.tests, shown(finished)
    assert junit.count("out set session") == junit.count("out clear session") == 1


def test_errors_of_a_test_and_its_stage_are_one_error(files, run):
    """As in plain pytest; with both texts."""
    files({"test_x.py": TWICE_SOUR})
    plain, finished = run(), run("--isolate=function", "--junit-xml=junit.xml")
    assert finished.tests == plain.tests == {"passed": 1, "error": 1}, shown(finished)
    assert "turned sour, too" in finished.out
    assert "tasted bitter" in finished.out
    assert (run.path / "junit.xml").read_text().count("<testcase") == 1


def test_built_in_fixtures_behave(files, run):
    """tmp_path_factory, capsys, caplog, monkeypatch, record_property, cache."""
    files({
        "test_x.py": """
import logging, os, pytest
@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("shared"); (made / "file").write_text("text"); return made
@pytest.fixture(scope="module", autouse=True)
def patched():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OF_MODULE", "yes"); yield
def test_1(folder, tmp_path): assert (folder / "file").read_text() == "text"; assert tmp_path.is_dir()
def test_2(folder, tmp_path): (folder / "file").write_text("other"); assert folder != tmp_path
def test_3(capsys): print("x"); assert capsys.readouterr().out == "x\\n"
def test_4(caplog): logging.error("y"); assert caplog.messages == ["y"]
def test_5(monkeypatch): monkeypatch.setenv("OF_TEST", "1"); assert os.environ["OF_MODULE"] == "yes"
def test_6(): assert "OF_TEST" not in os.environ
def test_7(capfd): os.system("echo z"); assert capfd.readouterr().out == "z\\n"
""",
    })  # fmt: skip
    finished = run("--isolate=function")
    assert finished.tests == {"passed": 7}, shown(finished)


UNFORKABLE = {
    "a thread": "import threading; e = threading.Event(); "
    "t = threading.Thread(target=e.wait, name='keeper'); t.start(); yield; e.set(); t.join()",
    "a listening socket": "import socket; s = socket.create_server(('127.0.0.1', 0)); yield; s.close()",
    "a child process": "import subprocess, sys; "
    "p = subprocess.Popen([sys.executable, '-c', 'input()'], stdin=subprocess.PIPE); "
    "yield; p.communicate()",
}


@pytest.mark.parametrize("what", UNFORKABLE)
def test_tests_below_an_unforkable_fixture_run_together(what, files, logged):
    """In one process, at that fixture's scope; which and why is shown, and in the journal."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        "test_x.py": f"""
import pytest
from log import note
@pytest.fixture(scope="module")
def holds(): {UNFORKABLE[what]}
def test_1(session_, holds): note("test 1")
def test_2(session_, holds): note("test 2")
""",
        "test_y.py": "from log import note\n"
        "def test_3(session_): note('test 3')\ndef test_4(session_): note('test 4')\n",
    })  # fmt: skip
    options = ("--isolate=function", "--isolate-why", "--isolate-report=run.jsonl")
    finished, log = logged(*options)
    assert finished.tests == {"passed": 4}, shown(finished)
    one, two, three, four = (pid for pid, text in log if text.startswith("test"))
    assert one == two, shown(finished)
    assert len({one, three, four}) == 3, shown(finished)
    assert texts(log).count("set session") == 1
    assert "test_x.py: its tests ran together, in one process: " in finished.section("isolation")
    assert '"StageUnforkable"' in (finished.path / "run.jsonl").read_text()


def test_stages_can_be_turned_off(files, logged):
    """`isolate_stage = never`: each process sets everything up by itself."""
    files(
        {
            "log.py": LOG,
            "conftest.py": HEAD + fixtures("session", "module"),
            "test_x.py": USERS_OF_TWO,
        }
    )
    finished, log = logged("--isolate=function", "-o", "isolate_stage=never")
    assert finished.tests == {"passed": 2}, shown(finished)
    assert texts(log).count("set session") == texts(log).count("set module") == 2


@pytest.mark.parametrize("how", ["ini key", "decorator"])
def test_one_fixture_can_be_left_out(how, files, logged):
    """`isolate_unstaged`, or `@unstaged`: each process sets it up, but not what it does not need."""
    made = fixtures("session", "module")
    if how == "decorator":
        made = "from pytest_bulkhead import unstaged\n" + made.replace(
            "def session_", "@unstaged\ndef session_"
        )
    files({"log.py": LOG, "conftest.py": HEAD + made, "test_x.py": USERS_OF_TWO})
    option = ("-o", "isolate_unstaged=session_") if how == "ini key" else ()
    finished, log = logged("--isolate=function", *option)
    assert finished.tests == {"passed": 2}, shown(finished)
    assert texts(log).count("set session") == texts(log).count("clear session") == 2
    assert texts(log).count("set module") == 1


USERS_OF_TWO = "def test_1(session_, module_): pass\ndef test_2(session_, module_): pass\n"


def test_a_wrong_value_of_isolate_stage_is_refused(files, run):
    """It names the value, the key, and what to write."""
    files({"test_x.py": "def test(): pass\n"})
    finished = run("--isolate=function", "-o", "isolate_stage=sometimes")
    assert finished.code == 4
    assert "ini key isolate_stage: 'sometimes' is none of auto, never" in finished.out


def test_what_several_modules_share_is_set_up_before_the_first_of_them(files, logged):
    """A session fixture that only a module's last test needs stands when the module's stage is made.

    Else it would be that stage's own, and be set up again for the next module. So it may come
    earlier than in plain pytest, never more often.
    """
    user = "from log import note\ndef test_1(module_): note('1')\ndef test_2(session_): note('2')\n"
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session", "module"),
        "test_x.py": user, "test_y.py": user,
    })  # fmt: skip
    _finished, log = logged("--isolate=function")
    module = ["set module", "1", "2", "clear module"]
    assert texts(log) == ["set session", *module, *module, "clear session"]


MANY = "".join(
    f"def test_{n}(session_): assert session_ == ['session']; session_.append({n})\n"
    for n in range(4)
)


@pytest.mark.parametrize("level", ["function", "class"])
def test_all_workers_share_the_sessions_fixtures(level, files, logged):
    """With `-n 3`, a session fixture is set up once for the whole run, and torn down once."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        **{f"test_{module}.py": MANY for module in "abcdef"},
    })  # fmt: skip
    finished, log = logged(f"--isolate={level}", "-n3")
    assert finished.tests == {"passed": 24}, shown(finished)
    assert texts(log) == ["set session", "clear session"], shown(finished)


OWN = {
    "asked by the fixture": "worker_id",
    "read from the environment": "os.environ['PYTEST_XDIST_WORKER']",
    "read from workerinput": "request.config.workerinput['workerid']",
}


@pytest.mark.parametrize("how", OWN)
def test_a_fixture_that_asks_which_worker_it_is_for_is_not_shared(how, files, logged):
    """A database that is named after its worker belongs to that; other fixtures are shared."""
    given = "worker_id, " if how == "asked by the fixture" else ""
    files({
        "log.py": LOG,
        "conftest.py": HEAD + fixtures("session") + f"""
import os
@pytest.fixture(scope="session")
def base({given}request):
    note("base"); yield {OWN[how]}; note("drop")
""",
        **{f"test_{m}.py": "import os, time\ndef test_1(base, session_):\n    time.sleep(0.2)\n"
           "    assert base == os.environ['PYTEST_XDIST_WORKER']\n" for m in "abcd"},
    })  # fmt: skip
    finished, log = logged("--isolate=function", "-n2")
    assert finished.tests == {"passed": 4}, shown(finished)
    # One try in a stage of the session that was given up, then once in each worker.
    assert texts(log).count("base") == texts(log).count("drop") == 3, log
    assert texts(log).count("set session") <= 2


@pytest.mark.parametrize("what", UNFORKABLE)
def test_an_unforkable_session_fixture_under_n(what, files, logged):
    """Each worker sets it up, and runs its tests together."""
    files({
        "log.py": LOG,
        "test_a.py": f"import pytest\n@pytest.fixture(scope='session')\ndef holds(): {UNFORKABLE[what]}\n"
        "def test_1(holds): pass\ndef test_2(holds): pass\n",
        "test_b.py": "def test_3(): pass\ndef test_4(): pass\n",
    })  # fmt: skip
    finished, _log = logged("--isolate=function", "-n2", "--isolate-why")
    assert finished.tests == {"passed": 4}, shown(finished)
    assert "session: its tests ran together" in finished.section("isolation"), shown(finished)


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_session_fixture_that_crashes_is_blamed(workers, files, logged):
    """One test has crashed in it, the others that need it get an error, the rest runs."""
    files({
        "log.py": LOG,
        "conftest.py": HEAD + f"@pytest.fixture(scope='session')\ndef deadly(): {CRASH}\n",
        "test_a.py": "def test_1(deadly): pass\ndef test_2(deadly): pass\ndef test_3(): pass\n",
        "test_b.py": "def test_4(): pass\n",
    })  # fmt: skip
    finished, _log = logged("--isolate=function", workers)
    assert finished.tests == {"passed": 2, "crashed": 1, "error": 1}, shown(finished)
    assert "in setup of fixture 'deadly'" in finished.out


def test_errors_at_the_sessions_teardown_are_told_with_several_workers(files, run):
    """The stage of the session tears down when the last worker has ended."""
    files({
        "conftest.py": "import pytest\n@pytest.fixture(scope='session')\ndef sour():\n"
        "    yield\n    raise ValueError('turned sour')\n",
        "test_a.py": "def test_1(sour): pass\n", "test_b.py": "def test_2(sour): pass\n",
    })  # fmt: skip
    finished = run("--isolate=function", "-n2")
    assert finished.tests == {"passed": 2, "error": 1}, shown(finished)
    assert finished.code == 1
    assert "ValueError: turned sour" in finished.out


@pytest.mark.parametrize("scope", ["session", "module"])
def test_only_the_tests_that_need_an_unforkable_fixture_run_together(scope, files, logged):
    """The others keep a process each; nothing is lost, nothing runs twice."""
    users = {1, 3, 6}
    tests = "".join(
        f"def test_{n}({'holds' if n in users else ''}): note('test {n}')\n" for n in range(8)
    )
    files({
        "log.py": LOG,
        "conftest.py": HEAD + f"@pytest.fixture(scope={scope!r})\ndef holds():\n"
        f"    note('set'); {UNFORKABLE['a thread']}; note('clear')\n",
        "test_a.py": "from log import note\n" + tests,
        "test_b.py": "from log import note\ndef test_8(): note('test 8')\n",
    })  # fmt: skip
    finished, log = logged("--isolate=function")
    assert finished.tests == {"passed": 9}, shown(finished)
    pids = {text: pid for pid, text in log if text.startswith("test")}
    assert len(pids) == 9
    together = {pids[f"test {n}"] for n in users}
    assert len(together) == 1
    alone = {pid for text, pid in pids.items() if int(text[5:]) not in users}
    assert len(alone) == 6
    assert not together & alone
    assert texts(log).count("set") == texts(log).count("clear") == 1, log


def test_children_that_die_before_they_begin_are_given_up(files, logged):
    """Forks that went well until a test broke them: the run ends, and says what was not run."""
    files({
        "log.py": LOG,
        "test_x.py": """
import os
from log import note
def die():
    if os.path.exists("die"): os._exit(7)
os.register_at_fork(after_in_child=die)
def test_0(): open("die", "w").close()
def test_1(): pass
def test_2(): pass
def test_3(): pass
""",
    })  # fmt: skip
    finished, _log = logged("--isolate=function", "-p", "no:cacheprovider")
    assert finished.code == 1, shown(finished)
    assert "died before it could begin a test" in finished.out, shown(finished)
    assert "not run" in finished.out


def test_a_hang_in_a_stages_teardown_is_ended_by_its_limit(files, logged):
    """The limit of its last test; that one has passed, and what follows runs."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        "test_x.py": """
import pytest, time
@pytest.fixture(scope="module")
def slow(): yield; time.sleep(60)
def test_1(slow, session_): pass
def test_2(slow): pass
""",
        "test_y.py": "def test_3(session_): pass\n",
    })  # fmt: skip
    finished, log = logged("--isolate=function", "--isolate-timeout=1")
    assert finished.tests == {"passed": 3, "error": 1}, shown(finished)
    assert texts(log) == ["set session", "clear session"]


@pytest.mark.parametrize("workers", ["-n0", "-n2"])
def test_a_session_fixture_makes_its_folder(workers, files, run):
    """`tmp_path_factory` in the stage: below the folder of the run; a test's own is its own."""
    files({
        "conftest.py": "import pytest\n@pytest.fixture(scope='session')\ndef folder(tmp_path_factory):\n"
        "    made = tmp_path_factory.mktemp('shared'); (made / 'f').write_text('x'); return made\n",
        **{f"test_{m}.py": "def test_1(folder, tmp_path):\n"
           "    assert (folder / 'f').read_text() == 'x' and not list(tmp_path.iterdir())\n"
           "def test_2(folder, tmp_path): (tmp_path / 'own').touch()\n" for m in "abc"},
    })  # fmt: skip
    finished = run("--isolate=function", workers, f"--basetemp={run.path / 'base'}")
    assert finished.tests == {"passed": 6}, shown(finished)
    assert len(list((run.path / "base").rglob("shared0"))) == 1


WARNS = """
import pytest, warnings
pytestmark = pytest.mark.filterwarnings("{0}")
@pytest.fixture(scope="module")
def old():
    warnings.warn("old api"); yield 1; warnings.warn("old end")
def test_1(old): pass
def test_2(old): pass
"""


@pytest.mark.parametrize(
    ("mark", "ini"), [("error", ""), ("ignore:old", "error"), ("default", ""), ("always", "")]
)
def test_warnings_of_wide_fixtures(mark, ini, files, run):
    """Filters of marks and ini hold in a stage, and the summary counts what it warns of."""
    files({
        "pytest.ini": f"[pytest]\nfilterwarnings = {ini}\n" if ini else "[pytest]\n",
        "test_x.py": WARNS.format(mark),
    })  # fmt: skip
    plain, finished = run(), run("--isolate=function")
    assert finished.counts == plain.counts, shown(finished)
    assert finished.code == plain.code


@pytest.mark.parametrize("level", ["class", "function"])
def test_a_fixture_asks_in_its_teardown_whether_tests_have_failed(level, files, logged):
    """`session.testsfailed` counts what failed below the stage, crashes included."""
    files({
        "log.py": LOG,
        "test_x.py": f"""
import pytest
from log import note
@pytest.fixture(scope="session")
def keeps(request): yield; note(f"failed: {{request.session.testsfailed}}")
@pytest.fixture(scope="module")
def too(keeps, request): yield; note(f"here: {{request.session.testsfailed}}")
def test_1(too): assert 0
def test_2(keeps): pass
def test_3(too): assert 0
def test_4(too): {CRASH}
def test_5(keeps): pass
""",
    })  # fmt: skip
    finished, log = logged(f"--isolate={level}")
    assert finished.tests == {"passed": 2, "failed": 2, "crashed": 1}, shown(finished)
    assert texts(log) == ["here: 3", "failed: 3"]


@pytest.mark.parametrize("when", ["set-up", "teardown"])
@pytest.mark.parametrize("scope", ["session", "module"])
def test_a_wide_fixture_that_exits_ends_the_run(scope, when, files, logged):
    """`pytest.exit` in a stage: its exit status, no further test, and what stood is torn down."""
    body = "pytest.exit('bye', 7); yield" if when == "set-up" else "yield; pytest.exit('bye', 7)"
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        "test_a.py": "def test_0(session_): pass\n",
        "test_b.py": f"import pytest\n@pytest.fixture(scope={scope!r})\ndef ends(): {body}\n"
        "def test_1(ends): pass\ndef test_2(ends): pass\n",
        "test_c.py": "def test_3(session_): pass\n",
    })  # fmt: skip
    plain, expected = logged()
    finished, log = logged("--isolate=function")
    assert finished.code == plain.code == 7, shown(finished)
    assert finished.tests.get("passed", 0) <= plain.tests.get("passed", 0), shown(finished)
    assert "crashed" not in finished.tests
    assert texts(log) == texts(expected), shown(finished)


def test_a_name_that_is_overridden_is_another_fixture(files, logged):
    """Each package's own session fixture of one name, set up once for each."""
    made = "import pytest\nfrom log import note\n@pytest.fixture(scope='session')\ndef over():\n"
    user = "def test_1(over): pass\ndef test_2(over): pass\n"
    files({
        "log.py": LOG, "conftest.py": made + "    note('set root'); return 'root'\n",
        "p/__init__.py": "", "p/conftest.py": made + "    note('set p'); return 'p'\n",
        "test_a.py": user, "p/test_b.py": user, "p/test_c.py": user,
    })  # fmt: skip
    _finished, log = logged("--isolate=function")
    assert sorted(texts(log)) == ["set p", "set root"]


def test_a_fixture_that_only_its_override_asks_for_is_set_up_once(files, logged):
    """A session fixture behind one of its own name that is narrower, or behind several."""
    head = "import pytest\nfrom log import note\n"
    narrow = "@pytest.fixture{0}\ndef session_(session_): return [*session_, '{1}']\n"
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        "test_a.py": head + narrow.format("", "a")
        + "def test_1(session_): assert session_ == ['session', 'a']\ndef test_2(session_): pass\n",
        "test_b.py": head + narrow.format("(scope='module')", "b")
        + "class TestB:\n    @pytest.fixture\n    def session_(self, between): return [*between, 'B']\n"
        + "    @pytest.fixture\n    def between(self, session_): return session_\n"
        + "    def test_3(self, session_): assert session_ == ['session', 'b', 'B']\n"
        + "def test_4(session_): assert session_ == ['session', 'b']\n",
    })  # fmt: skip
    same_as_plain(logged)
    _finished, log = logged("--isolate=function", "-n2")
    assert texts(log) == ["set session", "clear session"]


@pytest.mark.parametrize("when", ["set-up", "teardown"])
def test_ctrl_c_while_a_session_fixture_is_set_up_or_torn_down(when, files, run):
    """The run ends at once, also where all workers wait; what plain pytest tears down then, we do."""
    slow = "pathlib.Path('begun').touch(); time.sleep(60)"
    slow = f"{slow}; yield" if when == "set-up" else f"yield; {slow}"
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        "test_x.py": "import pytest, time, pathlib\n@pytest.fixture(scope='session')\n"
        f"def slow(session_): {slow}\n"
        "def test_1(slow): pass\ndef test_2(slow): pass\n",
    })  # fmt: skip
    logs = []
    for options in ([], ["--isolate=function"], ["--isolate=function", "-n2"]):
        for name in ("begun", "log.txt"):
            (run.path / name).unlink(missing_ok=True)
        running = run.start(*options)
        assert wait_for((run.path / "begun").exists)
        running.process.send_signal(signal.SIGINT)
        finished = running.finish(timeout=40)
        assert finished.code == 2, shown(finished)
        lines = (run.path / "log.txt").read_text().splitlines()
        logs.append([line.split(" ", 1)[1] for line in lines])
    assert logs[0] == logs[1] == logs[2]
    assert ("clear session" in logs[0]) == (when == "set-up")


def test_ctrl_c_in_a_stages_teardown_leaves_nothing_standing(files, logged, run):
    """What stands above is torn down, as in plain pytest."""
    files({
        "log.py": LOG, "conftest.py": HEAD + fixtures("session"),
        "test_x.py": "import pytest, time, pathlib\n@pytest.fixture(scope='module')\ndef slow():\n"
        "    yield; pathlib.Path('begun').touch(); time.sleep(60)\n"
        "def test_1(slow, session_): pass\ndef test_2(slow): pass\n",
    })  # fmt: skip
    running = run.start("--isolate=function")
    assert wait_for((run.path / "begun").exists)
    running.process.send_signal(signal.SIGINT)
    finished = running.finish(timeout=20)
    assert finished.code == 2, shown(finished)
    assert "clear session" in (run.path / "log.txt").read_text(), shown(finished)

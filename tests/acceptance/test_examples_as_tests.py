"""`--isolate-examples`: the scripts of a folder are tests, with isolation or without."""

from __future__ import annotations

import pytest
from conftest import read_junit, shown

SCRIPTS = {
    "docs/ex/fine.py": "# requires: ram=1MB\nassert __name__ == '__main__'\nprint('all is well')\n",
    "docs/ex/more/skipped.py": "# requires: ram=900TB\nraise SystemExit(1)\n",
    "docs/ex/fails.py": "print('nearly')\n1 / 0\n",
    "docs/ex/crashes.py": "import ctypes\nctypes.string_at(0)\n",
    "docs/ex/hangs.py": "# timeout: 1\nimport signal\nsignal.pause()\n",
    "docs/ex/_shared.py": "raise SystemExit('I am no script')\n",
    "docs/ex/test_own.py": "def test_own(): pass\n",
    "tests/test_a.py": "def test_a(): pass\n",
}
INI = "[pytest]\ntestpaths = tests\n"
ENDS = {
    "fails.py::script": "FAILED",
    "crashes.py::script": "FAILED",
    "hangs.py::script": "FAILED",
    "fine.py::script": "PASSED",
    "more/skipped.py::script": "SKIPPED",
    "test_own.py::test_own": "PASSED",
}


@pytest.mark.parametrize(
    "how",
    [(), ("--isolate=session",), ("--isolate=function", "-n2")],
    ids=lambda how: " ".join(how) or "plain",
)
def test_scripts_are_tests(how, run, files, no_process_left):
    """Beside the tests that run anyway, each script ends as it does by itself, and says why."""
    files({**SCRIPTS, "pytest.ini": INI})
    option = "--isolate-examples=docs/ex"

    finished = run(option, *how, "-v", "--junitxml=junit.xml")

    assert finished.counts == {"passed": 3, "failed": 3, "skipped": 1}, shown(finished)
    words = dict(finished.verbose)
    assert {f"docs/ex/{name}": word for name, word in ENDS.items()} == {
        name: word for name, word in words.items() if name != "tests/test_a.py::test_a"
    }
    for told in (
        "fails.py exited with status 1",
        "ZeroDivisionError",
        "crashes.py crashed with SIGSEGV",
        "hangs.py did not end within 1 s",
        'hangs.py", line 3 in <module>',
    ):
        assert told in finished.out, shown(finished)
    assert len(read_junit(finished.path / "junit.xml")) == 3  # script, test_own and test_a
    no_process_left(finished)

    again = run(option, *how, "--lf", "-v", "-k", "fails.py or fine.py")
    assert again.tests == {"failed": 1, "deselected": 2}, shown(again)


def test_one_script_can_be_named(run, files):
    """By its path, with the ini key; then it alone runs, and nobody imports it."""
    files({**SCRIPTS, "pytest.ini": INI + "isolate_examples = docs/ex\n"})
    for how in ("--isolate=session", "--doctest-modules"):
        finished = run(how, "docs/ex/fine.py", "docs/ex/fails.py::script", "-v")
        assert [word for _name, word in finished.verbose] == ["PASSED", "FAILED"], shown(finished)
    assert run("tests").counts == {"passed": 1}
    listed = run("--co", "-q").out
    assert "docs/ex/fine.py::script" in listed
    assert "7 tests collected" in listed


@pytest.mark.parametrize(
    ("header", "arguments", "told"),
    [
        ("", ["--isolate-examples=none"], "--isolate-examples: "),
        ("", ["-o", "isolate_examples=none"], "ini key isolate_examples: "),
        ("# requires: gpus=1", ["--isolate-examples=."], "a.py:1: there is no key 'gpus'"),
    ],
)
def test_what_cannot_be_is_an_error(header, arguments, told, run, files):
    """A folder that is not there, a comment that says nothing: with what to write."""
    files({"a.py": header})
    for how in ([], ["--isolate=session"]):
        finished = run(*how, *arguments)
        assert finished.code in (2, 4), shown(finished)
        assert told in finished.out
        assert "hint: " in finished.out
        assert "Traceback" not in finished.out

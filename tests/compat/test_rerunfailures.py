"""pytest-rerunfailures: it reruns what failed, and, since it asks for that, what crashed."""

from __future__ import annotations

import pytest

pytest.importorskip("pytest_rerunfailures")

#: Counts its attempts in a file, for each may be in a process of its own.
COUNT = """
import os, pathlib

def attempt(name):
    with open(name + ".attempts", "a") as file:
        file.write(".")
    return pathlib.Path(name + ".attempts").stat().st_size
"""


def attempts(pytester, name):
    return (pytester.path / f"{name}.attempts").stat().st_size


def forget(pytester):
    for path in pytester.path.glob("*.attempts"):
        path.unlink()


def test_a_failure_is_rerun(pytester, heard, how):
    """A test that passes at its third attempt has passed, and its two reruns are told."""
    pytester.makepyfile(
        count=COUNT,
        test_flaky="""
        import pytest
        from count import attempt
        def test_flaky(): assert attempt("flaky") == 3
        def test_hopeless(): assert attempt("hopeless") == 0
        @pytest.mark.flaky(reruns=0)
        def test_never_again(): assert attempt("never") == 0
        def test_good(): attempt("good")
        """,
    )

    plain = heard("--reruns=2")
    forget(pytester)
    isolated = heard("--reruns=2", *how)

    assert plain.outcomes == isolated.outcomes
    assert sum(outcome == "rerun" for _, _, outcome in isolated.reports) == 4
    assert 3 == attempts(pytester, "flaky") == attempts(pytester, "hopeless")
    assert 1 == attempts(pytester, "never") == attempts(pytester, "good")


def test_a_crash_is_rerun(pytester, heard, how):
    """A test whose first process died passes in its second, and the run with it."""
    pytester.makepyfile(
        count=COUNT,
        test_flaky="""
        import os
        from count import attempt
        def test_before(): attempt("before")
        def test_crashes_once():
            if attempt("crashes_once") == 1:
                os.kill(os.getpid(), 11)
        def test_after(): attempt("after")
        """,
    )

    ran = heard("--reruns=1", *how)

    assert ran.failed() == []
    assert [outcome for _, _, outcome in ran.reports if outcome == "rerun"] == ["rerun"]
    assert len(ran.passed()) == 3
    assert attempts(pytester, "crashes_once") == 2
    assert 1 == attempts(pytester, "before") == attempts(pytester, "after")
    assert ran.result.ret == pytest.ExitCode.OK


def test_a_test_that_always_crashes_ends_as_crashed(pytester, heard, how):
    """It is run as often as was asked, then reported once as failed."""
    pytester.makepyfile(
        count=COUNT,
        test_flaky="""
        import os
        from count import attempt
        def test_crashes():
            attempt("crashes")
            os.kill(os.getpid(), 11)
        def test_after(): attempt("after")
        """,
    )

    ran = heard("--reruns=1", *how)

    assert ran.failed() == ["test_flaky.py::test_crashes"]
    assert attempts(pytester, "crashes") == 2
    assert attempts(pytester, "after") == 1
    assert ran.result.ret == pytest.ExitCode.TESTS_FAILED


def test_two_workers_count_on_connections_of_their_own(pytester, heard):
    """Forked, though the plugin opens a connection in the template; each count is right."""
    text = "import pytest\n@pytest.mark.parametrize('n', range(10))\ndef test_it(n): assert 0\n"
    pytester.makepyfile(test_one=text, test_two=text)

    run = heard("--isolate=module", "-n", "2", "--reruns", "3")

    assert "forked from the template" in run.text
    assert run.result.parseoutcomes() == {"failed": 20, "rerun": 60}

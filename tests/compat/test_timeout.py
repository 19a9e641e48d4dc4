"""pytest-timeout: its mark and its options cost the hung test only."""

from __future__ import annotations

import pytest

pytest.importorskip("pytest_timeout")

SUITE = """
import time, pytest

def test_before(): pass

@pytest.mark.timeout(1)
def test_hangs(): time.sleep(60)

@pytest.mark.timeout(30)
def test_after(): pass
"""


def test_the_hung_test_fails_as_in_plain_pytest(pytester, heard, how):
    """With the signal method the outcomes equal plain pytest's: one failure, the rest passes."""
    pytester.makepyfile(test_slow=SUITE)

    plain = heard("-o", "timeout_method=signal")
    isolated = heard("-o", "timeout_method=signal", *how)

    assert ["test_slow.py::test_hangs"] == plain.failed() == isolated.failed()
    assert sorted(plain.passed()) == sorted(isolated.passed())
    assert plain.result.ret == isolated.result.ret == pytest.ExitCode.TESTS_FAILED


def test_the_thread_method_ends_the_test_and_not_the_run(pytester, heard, how):
    """The method that kills plain pytest's whole run costs one test under us."""
    pytester.makepyfile(test_slow=SUITE)

    isolated = heard("-o", "timeout_method=thread", *how)

    assert isolated.failed() == ["test_slow.py::test_hangs"]
    assert {"test_slow.py::test_before", "test_slow.py::test_after"} == {*isolated.passed()}


def test_its_own_option_works(pytester, heard, how):
    """`--timeout`, which is pytest-timeout's, fails the hung test and no other."""
    pytester.makepyfile(test_slow=SUITE.replace("@pytest.mark.timeout(1)", ""))

    isolated = heard("--timeout=1", *how)

    assert isolated.failed() == ["test_slow.py::test_hangs"]
    assert {"test_slow.py::test_before", "test_slow.py::test_after"} == {*isolated.passed()}

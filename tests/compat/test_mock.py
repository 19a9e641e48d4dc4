"""pytest-mock: patches last as long as their scope."""

from __future__ import annotations

import pytest


def test_patches_are_undone_as_in_plain_pytest(pytester, heard, how):
    """Patches, spies and their failures end as in plain pytest, for each scope of mocker."""
    pytest.importorskip("pytest_mock")
    pytester.makepyfile(
        test_mock="""
        import os, pytest

        @pytest.fixture(scope="module", autouse=True)
        def sailing(module_mocker):
            module_mocker.patch("os.getlogin", return_value="sailor")

        def test_patches(mocker):
            mocker.patch("os.getcwd", return_value="/at/sea")
            assert ("/at/sea", "sailor") == (os.getcwd(), os.getlogin())

        def test_patch_is_undone():
            assert ("/at/sea", "sailor") != (os.getcwd(), os.getlogin())
            assert "sailor" == os.getlogin()

        def test_spy(mocker):
            spy = mocker.spy(os, "getpid")
            os.getpid()
            spy.assert_called_once_with()

        def test_fails(mocker):
            stub = mocker.stub()
            stub(1)
            stub.assert_called_once_with(2)
        """
    )

    plain = heard()
    plain.result.assert_outcomes(passed=3, failed=1)
    isolated = heard(*how)

    assert plain.outcomes == isolated.outcomes
    isolated.result.stdout.fnmatch_lines(["*assert (1,) == (2,)*"])

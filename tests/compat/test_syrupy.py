"""syrupy: snapshots are written, compared and accounted for."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("syrupy")

SUITE = {
    f"test_{name}": f"""
        import pytest
        @pytest.mark.parametrize("number", range(4))
        def test_number(snapshot, number):
            assert {{"{name}": number}} == snapshot
        def test_twice(snapshot):
            assert "first of {name}" == snapshot
            assert "second of {name}" == snapshot
    """
    for name in ("one", "two", "three")
}


def tree(pytester):
    """Return the text of each snapshot file."""
    return {path.name: path.read_text() for path in pytester.path.glob("__snapshots__/*")}


def told(ran):
    """Return what syrupy said of its snapshots, without colours."""
    return re.findall(r"(\d+) snapshots? (\w+)", re.sub(r"\x1b\[[0-9;]*m", "", ran.text))


def test_snapshots_are_written_as_in_plain_pytest(pytester, heard, how):
    """`--snapshot-update` writes the same files, and the summary counts the same snapshots."""
    pytester.makepyfile(**SUITE)

    plain = heard("--snapshot-update")
    expected = tree(pytester)
    for path in pytester.path.glob("__snapshots__/*"):
        path.unlink()
    isolated = heard("--snapshot-update", *how)

    assert expected == tree(pytester)
    assert [("18", "generated")] == told(plain) == told(isolated)


def test_snapshots_are_compared_as_in_plain_pytest(pytester, heard, how):
    """What differs fails, what nobody uses any more is counted as unused and fails the run."""
    pytester.makepyfile(**SUITE)
    heard("--snapshot-update")
    pytester.makepyfile(
        test_one=SUITE["test_one"].replace("range(4)", "range(3)").replace("second", "2nd"),
        test_two=SUITE["test_two"],
    )

    plain = heard()
    isolated = heard(*how)

    assert plain.outcomes == isolated.outcomes
    assert ("1", "unused") in told(plain)
    assert sorted(told(plain)) == sorted(told(isolated))
    assert plain.result.ret == isolated.result.ret

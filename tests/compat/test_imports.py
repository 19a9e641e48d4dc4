"""numpy under `--isolate-imports`: the real thing has a row, and its own libraries are no clash."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("numpy")

SUITE = "def test_a():\n    import numpy\ndef test_b():\n    import numpy.ma\n"


@pytest.mark.parametrize(("how", "times"), [((), 1), (("--isolate=function",), 2)])
def test_numpy_is_on_the_bill(how, times, pytester, heard):
    """Each process that imports it pays; the line and the test of the first are named."""
    pytester.makepyfile(test_numpy_is_paid=SUITE)
    text = heard("--isolate-imports", *how).text
    (row,) = re.findall(r"^ +[\d.]+ +([\d.]+) +([\d.]+)  numpy: (.*)$", text, re.M)

    assert float(row[0]) > 0.01
    assert float(row[1]) > 3 * times
    first = "test_numpy_is_paid.py:2, call of test_numpy_is_paid.py::test_a"
    assert row[2].startswith(first), text
    assert row[2].endswith(f"; {times} times") == (times > 1), text
    assert "clash:" not in text

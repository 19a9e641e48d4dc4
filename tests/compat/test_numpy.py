"""numpy: its global random stream differs from worker to worker, unless somebody has seeded it."""

from __future__ import annotations

import re

import pytest

pytest.importorskip("numpy")

SUITE = """
import numpy
{seeding}
def test_a(): print("DRAWN", numpy.random.random())
def test_b(): print("DRAWN", numpy.random.random())
def test_c(): print("DRAWN", numpy.random.random())
"""


@pytest.fixture
def drawn(pytester, heard):
    """Return a function that runs the suite and returns what its tests drew."""

    def draw(seeding: str, *args: str) -> list[str]:
        pytester.makepyfile(test_stream=SUITE.format(seeding=seeding))
        return re.findall(r"DRAWN (\S+)", heard(*args, "-rP").text)

    return draw


def test_workers_draw_different_numbers_and_can_draw_them_again(drawn):
    """Three workers, three numbers; the same with the same seed, forked or spawned."""
    forked = drawn("", "--isolate=function", "--isolate-seed=7")
    spawned = drawn("", "--isolate=function", "--isolate-seed=7", "-oisolate_start=spawn")

    assert len(set(forked)) == 3
    assert forked == spawned


def test_what_was_seeded_stays(drawn):
    """`numpy.random.seed(3)` at import: each worker begins where plain pytest begins."""
    plain = drawn("numpy.random.seed(3)")
    isolated = drawn("numpy.random.seed(3)", "--isolate=function")
    session = drawn("numpy.random.seed(3)", "--isolate=session")

    assert isolated == [plain[0]] * 3
    assert session == plain


def test_a_pool_that_was_used_at_import_costs_no_fork(pytester, heard):
    """OpenBLAS ends its pool at a fork; counting its threads before one would refuse numpy."""
    pytester.makepyfile(
        test_pool="""
        import numpy
        MATRIX = numpy.ones((400, 400))
        PRODUCT = MATRIX @ MATRIX
        def test_used_again(): assert (PRODUCT == MATRIX @ MATRIX).all()
        """
    )
    run = heard("--isolate=function")

    run.result.assert_outcomes(passed=1)
    assert "forked from the template" in run.text

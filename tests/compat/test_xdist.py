"""pytest-xdist: a dependency that stays idle under `--isolate`, and its own without it."""

from __future__ import annotations

import pytest

SUITE = """
import os, pytest

@pytest.mark.parametrize("number", range(4))
def test_number(number, worker_id, testrun_uid):
    assert worker_id == os.environ.get("PYTEST_XDIST_WORKER", "master")
    assert testrun_uid
    with open("workers", "a") as file:
        file.write(f"{worker_id} {testrun_uid}\\n")
"""


def workers(pytester):
    return [line.split() for line in (pytester.path / "workers").read_text().splitlines()]


def test_without_isolate_n_is_xdists(pytester, heard):
    """`-n 2` alone is pytest-xdist's run: its workers, its header, nothing of ours."""
    pytester.makepyfile(test_one=SUITE)

    ran = heard("-n", "2", "-v")

    assert len(ran.passed()) == 4
    assert {"gw0", "gw1"} >= {worker for worker, _ in workers(pytester)}
    ran.result.stdout.fnmatch_lines(["*2 workers*4 items*"])


def test_the_fixtures_of_xdist_tell_the_truth(pytester, heard, how):
    """`worker_id` and `testrun_uid` are those of the worker, and one run has one uid."""
    pytester.makepyfile(test_one=SUITE, test_two=SUITE)

    ran = heard(*how)

    assert len(ran.passed()) == 8
    assert len({uid for _, uid in workers(pytester)}) == 1
    assert all(worker.startswith("gw") for worker, _ in workers(pytester))


@pytest.mark.parametrize("dist", ["load", "loadfile", "loadgroup"])
def test_a_dist_mode_of_xdist_beside_isolate_does_not_start_xdist(pytester, heard, dist):
    """`--dist=...`, left in somebody's addopts, breaks nothing: each test runs once."""
    pytester.makepyfile(test_one=SUITE)

    ran = heard("--isolate=module", "-n", "2", f"--dist={dist}")

    assert 4 == len(workers(pytester)) == len(ran.passed())

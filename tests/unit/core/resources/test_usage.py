"""Specification of `core.resources.usage`."""

from __future__ import annotations

from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.core.resources.sizes import parse_size
from pytest_bulkhead.core.resources.usage import Usage, overdraft, overuse

GB = 10**9


def test_more_than_declared_is_told_with_the_number_to_write():
    """In the unit in which it is sold, rounded up."""
    needs = Needs(ram=parse_size("8GB"), gpus=1, gpu_memory=parse_size("512MiB"))

    assert list(overuse(needs, Usage(20.2 * GB, 0.75 * GB))) == [
        'declared ram 8GB, used 20.2 GB: write requires(ram="21GB")',
        'declared gpu_memory 512MiB, used 0.75 GB: write requires(gpu_memory="750MB")',
    ]


def test_what_is_near_or_was_not_declared_is_no_matter():
    """Sizes are round, and who declares nothing is told nothing."""
    assert list(overuse(Needs(ram=8 * GB), Usage(8.7 * GB, 99 * GB))) == []


def test_the_most_counts():
    """Of several processes of a group."""
    assert Usage(3, 1).with_more(Usage(2, 5)) == Usage(3, 5)


def test_more_than_may_be_is_out_of_memory():
    """What was written may be used, though less of it will do."""
    limit = parse_size("100MB")

    assert overdraft(limit, 100 * 10**6) == ""
    assert overdraft(limit, 101 * 10**6) == (
        "out of memory: its processes had 96.32 MiB of the 100MB that it requires "
        "(isolate_enforce = ram)"
    )

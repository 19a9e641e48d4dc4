"""Guards on the real state of this process; what they find in a run is in the acceptance tests."""

from __future__ import annotations

import random
import resource

import pytest

from pytest_bulkhead.guards.streams import RandomStreams
from pytest_bulkhead.guards.surroundings import Limits
from pytest_bulkhead.guards.watch import Watch


@pytest.mark.parametrize("draws", [1, 5000, 50_000])
@pytest.mark.parametrize("before", [0, 1, 300])
def test_drawing_from_a_stream_is_no_finding(before, draws):
    """Much or little, from wherever in a block of the generator; seeding it is one, and put back."""
    state = random.getstate()
    random.seed(5)
    for _ in range(before):
        random.random()
    watch = Watch([RandomStreams()])
    watch.begin("test")
    for _ in range(draws):
        random.random()
    assert watch.end("test") == []
    watch.begin("test")
    random.seed(7)
    (left,) = watch.end("test")
    assert left.texts == ("the global stream of random was seeded",)
    assert watch.restore(left) == ()
    random.setstate(state)


def test_a_limit_with_two_names_is_told_once():
    """RLIMIT_OFILE is another name of RLIMIT_NOFILE."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    watch = Watch([Limits()])
    watch.begin("test")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft - 1, hard))
    (left,) = watch.end("test")
    assert [text.partition(":")[0] for text in left.texts] == ["RLIMIT_NOFILE"]
    assert watch.restore(left) == ()
    assert resource.getrlimit(resource.RLIMIT_NOFILE) == (soft, hard)

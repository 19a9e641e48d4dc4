"""Specification of `core.again.bisection`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.again.bisection import doubt, minimise


def search(suspects, breaks):
    """Return what is found, and what was tried."""
    tried, going = [], minimise(suspects)
    try:
        part = next(going)
        while True:
            tried.append(part)
            part = going.send(breaks(part))
    except StopIteration as done:
        return done.value, tried


def subsequence(part, whole):
    rest = iter(whole)
    return all(one in rest for one in part)


@given(st.integers(1, 60), st.data())
def test_all_culprits_and_nobody_else(count, data):
    """However many are needed together; in their order, and no part is tried twice."""
    suspects = tuple(map(str, range(count)))
    culprits = data.draw(st.sets(st.sampled_from(suspects), min_size=1, max_size=4))
    found, tried = search(suspects, lambda part: culprits <= set(part))

    assert set(found) == culprits
    assert len(tried) == len(set(tried))
    assert all(subsequence(part, suspects) for part in [*tried, found])


@given(
    st.integers(2, 30),
    st.sets(st.frozensets(st.integers(0, 29), min_size=1, max_size=5), max_size=4),
)
def test_what_is_found_breaks_and_nothing_smaller(count, sets):
    """Whatever makes it break: of several reasons one is found, down to the last test."""
    reasons = [set(map(str, one)) for one in sets if max(one) < count]
    suspects = tuple(map(str, range(count)))
    reasons.append(set(suspects))
    breaks = lambda part: any(reason <= set(part) for reason in reasons)  # noqa: E731 - a rule
    found, _ = search(suspects, breaks)

    assert breaks(found)
    assert not any(breaks(found[:i] + found[i + 1 :]) for i in range(len(found)) if len(found) > 1)


def test_one_culprit_among_a_thousand():
    """Is found in a few dozen runs, and sooner near the end."""
    suspects = tuple(map(str, range(1000)))

    assert len(search(suspects, lambda part: "999" in part)[1]) <= 10
    assert len(search(suspects, lambda part: "0" in part)[1]) <= 20


def test_what_breaks_seldom_may_be_missed():
    """The more so the more seldom it breaks, and the less the more often it is tried."""
    assert doubt(3, 3) == 0
    assert doubt(1, 2) == pytest.approx(0.25)
    assert doubt(2, 4) == pytest.approx(0.0625)

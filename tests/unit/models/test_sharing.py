"""What `shared_model` refuses, before any test runs, and `shared`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.errors import UsageProblem
from pytest_bulkhead.models import shared, shared_model


@pytest.mark.parametrize(
    ("name", "loader"), [(dict, "name"), ("two words", dict), ("model", "path")]
)
def test_a_name_and_a_loader_are_wanted(name, loader):
    """In this order; the message has both, and how it is written."""
    with pytest.raises(pytest.UsageError, match="a name and a loader are wanted") as caught:
        shared_model(name, loader)
    assert repr(name) in str(caught.value)
    assert 'hint: minilm = shared_model("minilm", load_model)' in str(caught.value)


def test_a_name_is_no_loader():
    """The message has what was given, and how it is written."""
    with pytest.raises(UsageProblem, match=r"shared\('org/name', \.\.\.\): a loader is wanted"):
        shared("org/name")

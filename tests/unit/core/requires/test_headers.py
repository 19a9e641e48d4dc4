"""Specification of `core.requires.headers`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import pytest

from pytest_bulkhead.core.requires.headers import Header, read_headers
from pytest_bulkhead.errors import UsageProblem

SCRIPT = """#!/usr/bin/env python
# Copyright somebody.

# requires: gpu=2 gpu_memory=24GB network module="vllm>=0.9,<1" module=torch
#timeout: 2.5
# requires:
'''Loads a model.'''
# requires: gpu=9
"""


def test_comments_at_the_top_are_marks():
    """Up to the first line that is none; a number is a number, and a key that comes twice a list."""
    found = list(read_headers(SCRIPT, "a.py"))

    keys = {"gpu": 2, "gpu_memory": "24GB", "network": True, "module": ["vllm>=0.9,<1", "torch"]}
    assert [
        Header("requires", (), keys),
        Header("timeout", (2.5,), {}),
        Header("requires", (), {}),
    ] == found


@pytest.mark.parametrize("source", ["", "import os\n# requires: gpu=1\n", "# needs: gpu=1\n"])
def test_other_comments_are_none(source):
    """Nor is what comes after the first line of code."""
    assert [] == list(read_headers(source, "a.py"))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("# requires: gpus=1", "a.py:2: there is no key 'gpus'\nhint: write one of gpu, "),
        ("# requires: ram=64 GB", "a.py:2: ram=64 is no size\nhint: write ram="),
        ("# timeout: soon", "a.py:2: 'soon' is no number of seconds\nhint: write # timeout: 120"),
        ("# timeout: -1", "a.py:2: '-1' is no number of seconds"),
    ],
)
def test_what_cannot_be_read_is_refused(line, told):
    """With the line, and what to write."""
    with pytest.raises(UsageProblem) as caught:
        list(read_headers(f"\n{line}\n", "a.py"))

    assert str(caught.value).startswith(told)

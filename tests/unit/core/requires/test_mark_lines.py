"""The lines of `isolate_marks`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.requires.mark_lines import read_mark_lines
from pytest_bulkhead.core.requires.presets import ANY, BUILT_IN
from pytest_bulkhead.errors import UsageProblem


def test_the_forms():
    """Keys as the mark has them, several of one key, nothing, and what is built in."""
    lines = [
        "requires_heavy_ram = ram=64GB",
        "vllm= gpu=1 module=vllm>=0.9,<1 module=torch",
        "web = network python='>=3.11' compute_capability=>=8.0",
        "ollama =",
        "gpu = gpu=4",
        " gpu ",
        "requires_*",
    ]
    assert {
        "requires_heavy_ram": {"ram": "64GB"},
        "vllm": {"gpu": 1, "module": ["vllm>=0.9,<1", "torch"]},
        "web": {
            "network": True,
            "python": ">=3.11",
            "compute_capability": ">=8.0",
        },
        "ollama": {},
        "gpu": BUILT_IN["gpu"],
        ANY: {},
    } == read_mark_lines(lines, "ini key isolate_marks")


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("cluster", "says of no mark what it asks for\nhint: write NAME = gpu=1"),
        ("= gpu=1", "says of no mark"),
        ("a b = gpu=1", "says of no mark"),
        ("requires_* = gpu=1", "says of no mark"),
        ("requires = gpu=1", "says of no mark"),
        ("big = ram=64 GB", ": ram=64 is no size"),
        ("big = ram=64", ": ram=64 is no size\nhint: write ram="),
        ("big = ram", ": ram=True is no size"),
        ("big = memory=64GB", ": there is no key 'memory'\nhint: write one of gpu, "),
        ("big = gpu=1 gpu=2", ": gpu=[1, 2] is no number of pieces"),
    ],
)
def test_another_line_is_answered_with_the_forms(line, what):
    """And with the key and the line."""
    with pytest.raises(UsageProblem) as caught:
        read_mark_lines(["gpu =", line], "ini key isolate_marks")
    assert str(caught.value).startswith(f"ini key isolate_marks: {line!r}")
    assert what in str(caught.value)

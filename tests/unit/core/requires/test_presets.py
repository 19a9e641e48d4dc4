"""Marks that people have already: who says what they ask for, and how they are read."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.requires.presets import (
    ANY,
    BUILT_IN,
    Preset,
    in_force,
    preset_of,
    registrations,
)
from pytest_bulkhead.core.requires.requirements import read_preset_mark, read_requirements
from pytest_bulkhead.errors import UsageProblem


def texts(name, *args, asked=None, others=(), **kwargs):
    """Return what one mark asks for; None where it is none of ours."""
    preset = preset_of(name, in_force(asked or {}, others))
    if preset is None:
        return None
    return [one.text for one in read_preset_mark("t.py::t", name, preset, args, kwargs)]


@pytest.mark.parametrize("name", BUILT_IN)
def test_what_is_built_in_can_be_read(name):
    """Each asks for what the mark `requires` could ask for as well."""
    assert len(BUILT_IN[name]) == len(read_requirements("", BUILT_IN[name]))


@pytest.mark.parametrize(
    ("found", "name", "args", "kwargs"),
    [
        (["gpu 1 (mark gpu)"], "gpu", (), {}),
        (["gpu 2 (mark requires_gpu)"], "requires_gpu", (2,), {}),
        (["gpu 4 (mark multi_gpu)"], "multi_gpu", (), {"gpu": 4}),
        (["ram 64GB (mark requires_heavy_ram)"], "requires_heavy_ram", ("64GB",), {"reason": "x"}),
        (["gpu 2 (mark vllm)", "module vllm>=0.9 (mark vllm)"], "vllm", (2, "vllm>=0.9"), {}),
        (["gpu 1 (mark gpu)", "gpu_memory 24GB (mark gpu)"], "gpu", (), {"gpu_memory": "24GB"}),
        (None, "slow", (), {"seconds": 60}),
        (None, "requires_torch", (), {}),
        (None, "of_others", (), {}),
    ],
)
def test_a_mark_asks_as_it_is_written(found, name, args, kwargs):
    """Values without a key are of what it asks for, others of their key; `reason` is not looked at."""
    assert found == texts(name, *args, **kwargs)


@pytest.mark.parametrize(
    ("args", "kwargs"), [(("a100",), {}), ((1, 2), {}), ((), {"memory": "24GB"})]
)
def test_a_mark_in_a_way_of_its_own_is_somebody_elses(args, kwargs):
    """Unless the run says what it asks for: then it is an error that names the way out."""
    assert texts("gpu", *args, **kwargs) == []
    with pytest.raises(UsageProblem, match=r"t\.py::t: mark gpu: (.|\n)*`gpu =` of the ini key"):
        texts("gpu", *args, asked={"gpu": {"gpu": 1}}, **kwargs)


def test_who_registers_a_name_says_what_it_means():
    """But a line of the ini key is above all, whoever has registered the name."""
    assert texts("gpu", others=["gpu"]) is None
    assert texts("gpu", others=["vllm"]) == ["gpu 1 (mark gpu)"]
    assert texts("gpu", others=["gpu"], asked={"gpu": {"gpu": 2}}) == ["gpu 2 (mark gpu)"]
    assert texts("gpu", asked={"gpu": {}}) is None


def test_all_names_that_begin_so_are_modules_where_that_is_asked_for():
    """Not those of which something else is said, nor the beginning alone."""
    asked = {ANY: {}, "requires_key": {}}
    assert texts("requires_torch", asked=asked) == ["module torch (mark requires_torch)"]
    assert texts("requires_gpu", asked=asked) == ["gpu 1 (mark requires_gpu)"]
    assert [texts(one, asked=asked) for one in ("requires_key", "requires_", ANY)] == [None] * 3


def test_what_nobody_has_registered_is():
    """In words that say what it asks for; no pattern, for pytest knows none."""
    presets = {"vllm": Preset(BUILT_IN["vllm"]), "slow": Preset({}), "gpu": Preset({"gpu": 1}), ANY: Preset({})}  # fmt: skip
    assert list(registrations(presets, {"gpu"})) == [
        "vllm: as requires(gpu=1, module='vllm') (pytest-bulkhead, isolate_marks).",
        "slow: asks for nothing (pytest-bulkhead, isolate_marks).",
    ]

"""Specification of `core.requires.keys`."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.requires.keys import KEYS, PLATFORMS, SERVICES
from pytest_bulkhead.core.requires.requirements import read_mark
from pytest_bulkhead.errors import UsageProblem


def read(**kwargs):
    return read_mark("t.py::t", (), kwargs)


@pytest.mark.parametrize(
    ("kwargs", "texts"),
    [
        ({"ram": "48GB"}, ["ram 48GB"]),
        ({"disk": "1.5 TiB"}, ["disk 1.5 TiB"]),
        ({"gpu": 2}, ["gpu 2"]),
        ({"gpu_memory": "24GB"}, ["gpu_memory 24GB"]),
        ({"accelerator": "cuda|rocm"}, ["accelerator cuda|rocm"]),
        ({"gpu_memory_total": "160GB"}, ["gpu_memory_total 160GB"]),
        ({"cpus": 4}, ["cpus 4"]),
        ({"module": "vllm"}, ["module vllm"]),
        ({"module": "vllm >=0.9,<1"}, ["module vllm >=0.9,<1"]),
        ({"module": ["a", "google.cloud.storage==2.*"]}, ["module a", "module google.cloud.storage==2.*"]),
        ({"executable": ("ffmpeg", "git")}, ["executable ffmpeg", "executable git"]),
        ({"service": "ollama"}, ["service ollama"]),
        ({"service": ["tcp://[::1]:80", "tcp://db.local:5432"]}, ["service tcp://[::1]:80", "service tcp://db.local:5432"]),
        ({"env": "HF_TOKEN"}, ["env HF_TOKEN"]),
        ({"model": ["org/name-7B.v1", "gpt2"]}, ["model org/name-7B.v1", "model gpt2"]),
        ({"compute_capability": ">=8.0"}, ["compute_capability >=8.0"]),
        ({"network": True}, ["network"]),
        ({"platform": "macos"}, ["platform macos"]),
        ({"python": ">=3.11"}, ["python >=3.11"]),
    ],
)  # fmt: skip
def test_every_key_has_its_forms(kwargs, texts):
    """Each is read, and remembers what was written."""
    assert texts == [one.text for one in read(**kwargs)]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("ram", 48), ("ram", "48"), ("ram", "48gb"), ("disk", None), ("gpu_memory", ["24GB"]),
        ("accelerator", ""), ("accelerator", "gpu"), ("accelerator", "cuda|"), ("accelerator", ["cuda"]), ("accelerator", True),
        ("gpu", 0), ("gpu", True), ("gpu", "1"), ("gpu", 0.5), ("cpus", -1), ("cpus", 1.5),
        ("module", ""), ("module", "vllm>=new"), ("module", "-x"), ("module", []), ("module", ["a", 1]), ("module", "a b"),
        ("executable", True), ("env", {}), ("service", "olama"), ("service", "tcp://host"),
        ("service", "tcp://host:99999"), ("service", "http://host:80"), ("network", False), ("network", "yes"),
        ("platform", "beos"), ("platform", ["linux"]), ("python", "3.11"), ("python", ""), ("python", 3.11), ("python", " "), ("compute_capability", 8.0), ("model", "a/b/c"), ("model", ""), ("service", "tcp://host:0"),
    ],
)  # fmt: skip
def test_a_bad_value_names_test_key_value_and_forms(key, value):
    """It is a usage problem that says all that is needed to put it right."""
    with pytest.raises(UsageProblem) as caught:
        read(**{key: value})
    text = str(caught.value)
    assert text.startswith(f"t.py::t: mark requires: {key}={value!r} ")
    assert f"\nhint: write {KEYS[key].forms}" in text


@given(st.sampled_from(sorted(KEYS)), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())))  # fmt: skip
def test_no_value_raises_anything_else(key, value):
    """Whatever is written, it is read or refused."""
    found = []
    with contextlib.suppress(UsageProblem):
        found = read(**{key: value})
        assert found
    assert all(one.key == key for one in found)


def test_the_tables_agree_with_what_is_read():
    """Each name of a service and of a platform is one."""
    for name, address in SERVICES.items():
        assert [address] == [one.name for one in read(service=name)]
    for name in PLATFORMS:
        assert read(platform=name)

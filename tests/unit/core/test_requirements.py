"""Specification of `core.requirements`."""

# ruff: noqa: SIM300 - expected == actual, as in all our tests

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_bulkhead.core.requirements import (
    KEYS,
    PLATFORMS,
    SERVICES,
    join,
    kept_by,
    read_mark,
    read_promises,
)
from pytest_bulkhead.errors import UsageProblem


def read(**kwargs):
    return read_mark("t.py::t", (), kwargs)


def joined(*marks):
    return join(one for kwargs in marks for one in read(**kwargs))


@pytest.mark.parametrize(
    ("kwargs", "texts"),
    [
        ({"ram": "48GB"}, ["ram 48GB"]),
        ({"disk": "1.5 TiB"}, ["disk 1.5 TiB"]),
        ({"gpu": 2}, ["gpu 2"]),
        ({"gpu_memory": "24GB"}, ["gpu_memory 24GB"]),
        ({"gpu_memory_total": "160GB"}, ["gpu_memory_total 160GB"]),
        ({"cpus": 4}, ["cpus 4"]),
        ({"module": "vllm"}, ["module vllm"]),
        ({"module": "vllm >=0.9,<1"}, ["module vllm >=0.9,<1"]),
        ({"module": ["a", "google.cloud.storage==2.*"]}, ["module a", "module google.cloud.storage==2.*"]),
        ({"executable": ("ffmpeg", "git")}, ["executable ffmpeg", "executable git"]),
        ({"service": "ollama"}, ["service ollama"]),
        ({"service": ["tcp://[::1]:80", "tcp://db.local:5432"]}, ["service tcp://[::1]:80", "service tcp://db.local:5432"]),
        ({"env": "HF_TOKEN"}, ["env HF_TOKEN"]),
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
        ("gpu", 0), ("gpu", True), ("gpu", "1"), ("gpu", 0.5), ("cpus", -1), ("cpus", 1.5),
        ("module", ""), ("module", "vllm>=new"), ("module", "-x"), ("module", []), ("module", ["a", 1]), ("module", "a b"),
        ("executable", True), ("env", {}), ("service", "olama"), ("service", "tcp://host"),
        ("service", "tcp://host:99999"), ("service", "http://host:80"), ("network", False), ("network", "yes"),
        ("platform", "beos"), ("platform", ["linux"]), ("python", "3.11"), ("python", ""), ("python", 3.11),
    ],
)  # fmt: skip
def test_a_bad_value_names_test_key_value_and_forms(key, value):
    """It is a usage problem that says all that is needed to put it right."""
    with pytest.raises(UsageProblem) as caught:
        read(**{key: value})
    text = str(caught.value)
    assert text.startswith(f"t.py::t: mark requires: {key}={value!r} ")
    assert f"\nhint: write {KEYS[key].forms}" in text


def test_an_unknown_key_is_answered_with_all_that_there_are():
    """Also what has no key at all beside one that has."""
    with pytest.raises(UsageProblem, match=r"t\.py::t: mark requires: there is no key 'gpus'") as caught:  # fmt: skip
        read(gpus=1)
    assert all(key in str(caught.value) for key in KEYS)
    with pytest.raises(UsageProblem, match="'48GB' is given without a key"):
        read_mark("t.py::t", ("48GB",), {"gpu": 1})


@given(st.sampled_from(sorted(KEYS)), st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.text())))  # fmt: skip
def test_no_value_raises_anything_else(key, value):
    """Whatever is written, it is read or refused."""
    found = []
    with contextlib.suppress(UsageProblem):
        found = read(**{key: value})
        assert found
    assert all(one.key == key for one in found)


def test_marks_add_up():
    """Of two amounts the larger counts; all modules, services and the like are needed."""
    found = joined(
        {"ram": "8GB", "module": "a", "cpus": 4},
        {"ram": "16GB", "module": ["b", "a"], "cpus": 2, "python": ">=3.10"},
        {"python": "<4", "ram": "16GB"},
    )
    assert ["ram 16GB", "cpus 4", "module a", "module b", "python >=3.10", "python <4"] == [
        one.text for one in found
    ]


def test_memory_of_gpus_asks_for_gpus():
    """For one, or for as many as another mark asks for."""
    alone, both = joined({"gpu_memory": "24GB"}), joined({"gpu_memory": "24GB"}, {"gpu": 2})

    assert [("gpu 1", 1), ("gpu_memory 24GB", 1)] == [(one.text, one.gpus) for one in alone]
    assert [("gpu 2", 2), ("gpu_memory 24GB", 2)] == [(one.text, one.gpus) for one in both]
    assert () == joined()


@given(st.lists(st.integers(1, 64), min_size=1))
def test_the_order_of_marks_does_not_matter(counts):
    """The largest count is what is needed, whoever asks for it."""
    assert [float(max(counts))] == [one.least for one in joined(*({"cpus": n} for n in counts))]


@pytest.mark.parametrize(
    ("word", "kwargs", "kept"),
    [
        ("gpu", {"gpu": 1}, True),
        ("gpu", {"gpu": 2}, False),
        ("gpu>=4", {"gpu": 4}, True),
        ("gpu>=4", {"gpu": 5}, False),
        ("gpu_memory>=24GB", {"gpu": 1}, True),
        ("ram>=64GB", {"ram": "64GB"}, True),
        ("ram>=64GB", {"ram": "48GiB"}, True),
        ("ram>=64GB", {"ram": "64GiB"}, False),
        ("ram>=64GB", {"disk": "1GB"}, False),
        ("cpus>=3.5", {"cpus": 3}, True),
        ("network", {"network": True}, True),
        ("service", {"service": "redis"}, True),
        ("service=ollama", {"service": "ollama"}, True),
        ("service=ollama", {"service": "tcp://localhost:11434"}, True),
        ("service=ollama", {"service": "redis"}, False),
        ("service=tcp://db:1", {"service": "tcp://db:1"}, True),
        ("module=vllm", {"module": "vllm>=0.9"}, True),
        ("executable=git", {"executable": "git"}, True),
        ("env=HF_TOKEN", {"env": "OTHER"}, False),
    ],
)
def test_a_promise_covers_what_would_be_met_if_it_were_kept(word, kwargs, kept):
    """As much as was promised or less, and the one that was named."""
    promises = read_promises([word], "--provides")
    (requirement,) = read(**kwargs)
    promise = kept_by(promises, requirement)
    assert kept is (promise is not None)
    assert promise is None or promise.text == f"--provides {word}"


@pytest.mark.parametrize(
    "word",
    ["", "gpus", "ram", "ram=64GB", "ram>=64", "ram>=", "gpu=1", "gpu>=0", "gpu>=inf", "network=yes", "service>=1", "service=olama",
     "module=vllm>=0.9", "module=", "python>=3.11", "platform=linux", "gpu_memory", ">=4", "gpu >= 1"],
)  # fmt: skip
def test_what_cannot_be_promised_is_refused(word):
    """With the word, and where it stands."""
    with pytest.raises(
        UsageProblem, match=r"ini key isolate_provides: .* is nothing that a runner"
    ):
        read_promises([word], "ini key isolate_provides")


def test_the_tables_agree_with_what_is_read():
    """Each name of a service and of a platform is one."""
    for name, address in SERVICES.items():
        assert [address] == [one.name for one in read(service=name)]
    for name in PLATFORMS:
        assert read(platform=name)

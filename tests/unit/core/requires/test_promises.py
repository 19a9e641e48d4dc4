"""Specification of `core.requires.promises`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.requires.promises import kept_by, read_promises
from pytest_bulkhead.core.requires.requirements import read_mark
from pytest_bulkhead.errors import UsageProblem


def read(**kwargs):
    return read_mark("t.py::t", (), kwargs)


@pytest.mark.parametrize(
    ("word", "kwargs", "kept"),
    [
        ("gpu", {"gpu": 1}, True),
        ("gpu", {"gpu": 2}, False),
        ("gpu>=4", {"gpu": 4}, True),
        ("gpu>=4", {"gpu": 5}, False),
        ("gpu_memory>=24GB", {"gpu": 1}, True),
        ("gpu_memory>=24GB", {"gpu_memory": "24GB"}, True),
        ("accelerator=cuda", {"gpu": 1}, True),
        ("accelerator=rocm", {"gpu": 1}, False),
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
        ("model=org/name", {"model": "org/name"}, True),
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
     "module=vllm>=0.9", "module=", "python>=3.11", "compute_capability>=8.0", "model=a b", "platform=linux", "gpu_memory", ">=4", "gpu >= 1", "accelerator", "accelerator=any", "accelerator=cuda|rocm", "accelerator>=1"],
)  # fmt: skip
def test_what_cannot_be_promised_is_refused(word):
    """With the word, and where it stands."""
    with pytest.raises(
        UsageProblem, match=r"ini key isolate_provides: .* is nothing that a runner"
    ):
        read_promises([word], "ini key isolate_provides")

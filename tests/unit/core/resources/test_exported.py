"""Specification of `core.resources.exported`."""

from __future__ import annotations

import json

from pytest_bulkhead.core.resources.capacity import NOTHING, Capacity, Card, Grant
from pytest_bulkhead.core.resources.exported import GRANTED, exported, profile_on_gpu

GRANT = Grant(2, 5e9, (1,), (8e9,), ("db",), ())
CARDS = (Card("GPU-a", "GPU-a"), Card("3", "GPU-b"))


def test_a_slot_is_always_told():
    """Where no test needs anything, it is all there is to tell."""
    assert exported(1, NOTHING, None) == {"BULKHEAD_SLOT": "1"}


def test_a_grant_is_told_as_json():
    """With the tokens of the GPUs, in their order."""
    found = exported(0, GRANT, Capacity(4, 0, CARDS))

    assert json.loads(found["BULKHEAD_GRANT"]) == {
        "cpus": 2, "ram": 5 * 10**9, "gpus": ["3"], "gpu_memory": [8 * 10**9],
        "exclusive": ["db"], "shared": [],
    }  # fmt: skip
    assert set(found) <= set(GRANTED)


def test_a_grant_that_no_program_could_be_started_with_is_told_without_its_locks():
    """A process may hold a lock for each of its thousands of tests; the kernel bounds a variable."""
    locks = tuple(f"tests/fixtures/database/{number}" for number in range(5_000))
    for grant in (
        Grant(2, exclusive=locks),
        Grant(2, shared=locks),
        Grant(2, shared=("é" * 9**5,)),
    ):
        told = exported(0, grant, Capacity(4, 0))["BULKHEAD_GRANT"]

        assert len(told) < 128 * 1024
        assert json.loads(told)["exclusive"] is json.loads(told)["shared"] is None
        assert json.loads(told)["cpus"] == 2


def test_nobody_sees_other_gpus_than_granted():
    """The inherited names, and none for who asked for none."""
    assert exported(0, GRANT, Capacity(4, 0, CARDS))["CUDA_VISIBLE_DEVICES"] == "3"
    assert exported(0, Grant(), Capacity(4, 0, CARDS))["CUDA_VISIBLE_DEVICES"] == ""


def test_gpus_that_nobody_asks_for_are_left_alone():
    """Where no test takes a GPU, the user's variable stays as it is."""
    assert "CUDA_VISIBLE_DEVICES" not in exported(0, Grant(2), Capacity(4, 0))


def test_our_own_numbers_count_by_bus():
    """Of the user's numbers nobody knows how they count: the order is left as it is."""
    assert exported(0, GRANT, Capacity(4, 0, CARDS, True))["CUDA_DEVICE_ORDER"] == "PCI_BUS_ID"
    assert "CUDA_DEVICE_ORDER" not in exported(0, GRANT, Capacity(4, 0, CARDS))


def test_the_profile_of_gpus_is_under_the_users_own_variables():
    """What is set stays; how CUDA counts is never changed."""
    found = profile_on_gpu({"XLA_PYTHON_CLIENT_PREALLOCATE": "true"})

    assert found["PYTORCH_NVML_BASED_CUDA_CHECK"] == "1"
    assert not {"XLA_PYTHON_CLIENT_PREALLOCATE", "CUDA_DEVICE_ORDER"} & found.keys()

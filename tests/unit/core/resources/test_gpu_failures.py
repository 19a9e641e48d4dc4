"""Specification of `core.resources.gpu_failures`."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core.known import Known, Unknown
from pytest_bulkhead.core.resources.devices import Device
from pytest_bulkhead.core.resources.gpu_failures import (
    GpuFailure,
    Owner,
    Whose,
    explain_busy,
    explain_forked,
    read_failure,
)

ALONE = Known((Device("GPU-a", 1, alone=True), Device("GPU-b", 1)), "NVML")


@pytest.mark.parametrize(
    ("text", "failure"),
    [
        (
            "E  RuntimeError: CUDA error: CUDA-capable device(s) is/are busy or unavailable\n",
            GpuFailure(),
        ),
        (
            "cuda runtime error (46) : all CUDA-capable devices are busy or unavailable",
            GpuFailure(),
        ),
        (
            "RuntimeError: Cannot re-initialize CUDA in forked subprocess. To use",
            GpuFailure("CUDA"),
        ),
        ("RuntimeError: Cannot re-initialize XPU in forked subprocess. To use", GpuFailure("XPU")),
        ("CUDA out of memory", None),
        ("busy or unavailable", None),
        ("", None),
    ],
)
def test_words_of_a_failure_are_known(text, failure):
    """Both of CUDA's for a busy card, torch's for CUDA and XPU, and no others."""
    assert read_failure(text) == failure


def test_who_used_it_before_a_fork_is_told():
    """The test's own process, or a named line in the process that it was forked from, or not seen."""
    own = explain_forked(GpuFailure("CUDA", in_use=True, asked="a.py:1 called f()"))
    assert own.startswith("CUDA is in use in this test's process")
    assert '@pytest.mark.mp_start("spawn")' in own
    assert "a.py" not in own

    ours = explain_forked(GpuFailure("CUDA", asked="a.py:1 called torch.cuda.init()"))
    assert ours.startswith("a.py:1 called torch.cuda.init(), before this test's process was forked")
    assert "mp_start" not in ours

    unseen = explain_forked(GpuFailure("XPU"))
    assert unseen.startswith("who used XPU before a fork was not seen\n")
    assert "mp_start" in unseen
    assert "isolate_start = spawn" in unseen


def test_who_holds_a_card_is_told():
    """With pid, command, whose it is and the test; and for each kind of holder once what to do."""
    told = explain_busy(
        ALONE,
        [
            Owner("GPU-a", 7, "python -m pytest", Whose.TEST, "test_a.py::test_x"),
            Owner("GPU-a", 8, "", Whose.UNKNOWN),
            Owner("GPU-b", 9, "python -m pytest", Whose.TEST, "test_b.py::test_y"),
        ],
    )
    words, hint = Whose.TEST.value
    assert told.splitlines() == [
        "in exclusive mode, for one process at a time: GPU-a",
        f"GPU-a is held by pid 7 (python -m pytest), {words}: test_a.py::test_x",
        f"GPU-a is held by pid 8, {Whose.UNKNOWN.value[0]}",
        f"GPU-b is held by pid 9 (python -m pytest), {words}: test_b.py::test_y",
        f"hint: {hint}",
        f"hint: {Whose.UNKNOWN.value[1]}",
    ]


def test_what_is_not_known_of_a_busy_card_is_said():
    """No driver, cards of which only the files are seen, no exclusive mode, nobody there any more."""
    assert explain_busy(Unknown("no driver"), ()) == "who holds the card is not known: no driver"
    counted = Known((Device("nvidia0", None, None),), "/dev, without nvidia-ml-py")
    for cards in (counted, Known((), "/dev, without nvidia-ml-py")):
        told = explain_busy(cards, ())
        assert told.startswith("who holds the card is not known to /dev, without nvidia-ml-py\n")

    told = explain_busy(Known((Device("GPU-a", 1),), "NVML"), ())
    assert told.startswith("no card is in exclusive mode; ")
    assert told.endswith("NVML named nobody who holds it")

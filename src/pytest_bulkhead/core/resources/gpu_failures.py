"""Two failures at a GPU whose words do not say who is to blame, and what is told of them.

A card is busy: somebody has it. CUDA cannot be used after a fork: somebody had initialised it.
Knows the words, and who processes are as it is told; nothing of NVML or of torch.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from pytest_bulkhead.core.known import Fact, Unknown

if TYPE_CHECKING:
    from pytest_bulkhead.core.resources.devices import Devices

#: cudaErrorDevicesUnavailable, as CUDA words it since version 11 and before.
BUSY = re.compile(
    r"CUDA-capable device\(s\) is/are busy or unavailable"
    r"|all CUDA-capable devices are busy or unavailable"
)
#: Torch, of CUDA and in the same words of XPU.
FORKED = re.compile(r"Cannot re-initialize (CUDA|XPU) in forked subprocess")


class GpuFailure(NamedTuple):
    """What a test has failed with, and what its process knows of it."""

    #: What was used before a fork; empty for a card that is busy.
    forked: str = ""
    #: CUDA is in use in the test's own process.
    in_use: bool = False
    #: Who had asked CUDA before that was forked, as `a.py:3 called torch.cuda.init()`.
    asked: str = ""


def read_failure(text: str) -> GpuFailure | None:
    """Return what the words of a failure mean; None for anything else."""
    forked = FORKED.search(text)
    if forked:
        return GpuFailure(forked[1])
    return GpuFailure() if BUSY.search(text) else None


def explain_forked(failure: GpuFailure) -> str:
    """Return who used a GPU before a fork, and what to write instead."""
    name = failure.forked
    if failure.in_use:
        return (
            f"{name} is in use in this test's process, and was when that forked a child, which "
            f"cannot use it then\n{_OWN_FORK}"
        )
    if failure.asked:
        return (
            f"{failure.asked}, before this test's process was forked from the one that did\n"
            f"{_OUR_FORK}"
        )
    return f"who used {name} before a fork was not seen\n{_OWN_FORK}\n{_OUR_FORK}"


_OWN_FORK = (
    'hint: where the test starts children by multiprocessing, write @pytest.mark.mp_start("spawn"),'
    " or isolate_mp_start = spawn for all tests"
)
_OUR_FORK = (
    "hint: where a conftest or test file uses it when it is imported, do that in a fixture, or "
    "write isolate_start = spawn"
)


class Whose(enum.Enum):
    """Whose a process is that holds a card: (in words, what to do)."""

    OWN = (
        "this test's own process or a child of it",
        "a test and its children cannot both use the card in this mode",
    )
    TEST = (
        "the process of another test",
        "write @pytest.mark.requires(gpu=1) at both, so that they take turns",
    )
    TEMPLATE = (
        "the template, which runs no test",
        "a test file or conftest uses the card when it is imported: do it in a fixture",
    )
    CONTROLLER = (
        "pytest's own process, which runs no test",
        "a conftest or plugin uses the card outside of tests: do it in a fixture",
    )
    LEFT = (
        "left running by a test of this run",
        "have the test that started it end it: see the section `processes left behind`",
    )
    STRANGER = (
        "none of this run",
        "end it, or give this run another card by CUDA_VISIBLE_DEVICES",
    )
    UNKNOWN = (
        "ended, or of another container",
        "look for it by nvidia-smi on the host",
    )


class Owner(NamedTuple):
    """Who holds a card."""

    card: str
    pid: int
    #: Its command line; empty when that cannot be read.
    command: str
    whose: Whose
    #: The test that it runs; empty for none.
    test: str = ""


def explain_busy(cards: Fact[Devices], owners: Iterable[Owner]) -> str:
    """Return why a card is busy, who holds it, and what to do.

    Args:
        cards: those that the test could use.
        owners: who holds which of them, now that the test has failed.
    """
    if isinstance(cards, Unknown):
        return f"who holds the card is not known: {cards.reason}"
    if all(card.capability is None for card in cards.value):
        return (
            f"who holds the card is not known to {cards.source}\n"
            "hint: where nvidia-ml-py is missing, pip install 'pytest-bulkhead[gpu]'"
        )
    return "\n".join(_lines_on_busy(cards.value, tuple(owners)))


def _lines_on_busy(cards: Devices, owners: tuple[Owner, ...]) -> Iterator[str]:
    alone = [card.uuid for card in cards if card.alone]
    if alone:
        yield f"in exclusive mode, for one process at a time: {', '.join(alone)}"
    else:
        yield (
            "no card is in exclusive mode; the driver also says so of one whose mode is "
            "PROHIBITED, or that it has lost (nvidia-smi -q shows both)"
        )
    for owner in owners:
        words, _hint = owner.whose.value
        test = f": {owner.test}" if owner.test else ""
        command = f" ({owner.command})" if owner.command else ""
        yield f"{owner.card} is held by pid {owner.pid}{command}, {words}{test}"
    if not owners:
        yield "when it was looked, right after the failure, NVML named nobody who holds it"
    for whose in dict.fromkeys(owner.whose for owner in owners):
        yield f"hint: {whose.value[1]}"

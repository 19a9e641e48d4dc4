"""The verifier of journals rejects journals that are wrong."""

from __future__ import annotations

import pytest

from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.ends import End
from pytest_bulkhead.core.item import Blame, Item, Scopes
from pytest_bulkhead.core.resources.capacity import Capacity, Card
from pytest_bulkhead.core.resources.needs import NOTHING, Needs
from pytest_bulkhead.report.journal import Line

from .verifier import verify

GB = 10**9
MACHINE = Capacity(
    4, 16 * GB, (Card("0", "GPU-a", 24 * GB), Card("1", "GPU-b", 24 * GB, alone=True))
)
HEADING = {"workers": 3, "gpu_release": ("warn", 60.0)}


def collected(*needs):
    """Return that of tests which need this, each in a group of its own."""
    items = tuple(
        Item(number, f"t{number}", Scopes("", f"t{number}", ""), needs=one)
        for number, one in enumerate(needs)
    )
    return ev.Collected(1, items, capacity=MACHINE)


def granted(worker, **grant):
    """Return that worker 1 was granted this for test 0, and so on."""
    nothing = {"cpus": 1, "ram": 0, "cards": (), "card_memory": (), "exclusive": (), "shared": ()}
    return {
        **nothing, "worker": worker, "group": f"t{worker - 1}", "items": (worker - 1,), **grant
    }  # fmt: skip


def ended(worker):
    return ev.WorkerEnded(worker, End(code=0), Blame())


def findings(*happened, **heading):
    lines = [
        Line(evidence={"granted": one}) if isinstance(one, dict) else Line(event=one, now=number)
        for number, one in enumerate(happened)
    ]
    return verify(HEADING | heading, lines)


CPUS, RAM, GPU = Needs(2), Needs(ram=9 * GB), Needs(gpus=1)
PART = Needs(gpus=1, gpu_memory=20 * GB)
DB, SHARED = Needs(exclusive=("db",)), Needs(shared=("db",))
A_PART = {"cards": (0,), "card_memory": (20 * GB,)}
WHOLE = {"cards": (0,), "card_memory": (0,)}
BOTH, ALL = Needs(gpus=2), {"cards": (0, 1), "card_memory": (0, 0)}

GOOD = [
    (collected(CPUS, CPUS), granted(1, cpus=2), granted(2, cpus=2)),
    (collected(RAM, RAM), granted(1, ram=9 * GB), ended(1), granted(2, ram=9 * GB)),
    (collected(PART, NOTHING), granted(1, **A_PART), granted(2)),
    (collected(SHARED, SHARED), granted(1, shared=("db",)), granted(2, shared=("db",))),
    (collected(DB, DB), granted(1, exclusive=("db",)), ended(1), granted(2, exclusive=("db",))),
    (collected(BOTH, BOTH), granted(1, **ALL), ended(1), ev.CardsSeen(1), granted(2, **ALL)),
    (
        collected(RAM, RAM, NOTHING),
        granted(1, ram=9 * GB), granted(3), ended(1), granted(2, ram=9 * GB),
    ),
]  # fmt: skip


@pytest.mark.parametrize("happened", GOOD)
def test_a_journal_that_is_right_is_left_alone(happened):
    """What is there is given out, and nobody waits in vain."""
    assert findings(*happened) == []


BAD = [
    ((collected(Needs(3), Needs(3)), granted(1, cpus=3), granted(2, cpus=3)), "cpus"),
    ((collected(RAM, RAM), granted(1, ram=9 * GB), granted(2, ram=9 * GB)), "ram"),
    ((collected(PART, PART), granted(1, **A_PART), granted(2, **A_PART)), "gpus"),
    ((collected(GPU, PART), granted(1, **WHOLE), granted(2, **A_PART)), "gpus"),
    (
        (
            collected(Needs(gpus=1, gpu_memory=2 * GB), Needs(gpus=1, gpu_memory=2 * GB)),
            granted(1, cards=(1,), card_memory=(2 * GB,)),
            granted(2, cards=(1,), card_memory=(2 * GB,)),
        ),
        "gpus",
    ),
    ((collected(DB, DB), granted(1, exclusive=("db",)), granted(2, exclusive=("db",))), "lock db"),
    ((collected(DB, SHARED), granted(1, exclusive=("db",)), granted(2, shared=("db",))), "lock db"),
    ((collected(GPU, GPU), granted(1, **WHOLE), ended(1), granted(2, **WHOLE)), "gpus"),
    (
        (
            collected(GPU, GPU), granted(1, **WHOLE), ended(1), ev.CardsSeen(1, ("pid 9",)),
            granted(2, **WHOLE),
        ),
        "gpus",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("happened", "name"), BAD)
def test_what_was_granted_twice_is_found(happened, name):
    """Each kind of resource, with its name."""
    assert f"worker 2 was granted {name}, which there was not" in findings(*happened)


@pytest.mark.parametrize("needs", [CPUS, RAM, GPU, PART, DB, SHARED])
def test_less_than_was_needed_is_found(needs):
    """A worker without what its test needs."""
    assert findings(collected(needs), granted(1)) == ["worker 1 was granted less than item 0 needs"]


def test_a_slot_that_was_idle_is_found():
    """A group could have started before something else happened."""
    happened = (collected(NOTHING, RAM), granted(1), ev.WorkerJoined(1), granted(2, ram=9 * GB))

    assert findings(*happened) == ["t1 waits, and a slot is idle"]
    assert findings(*happened, workers=1) == []


def test_a_lock_that_was_free_is_found():
    """Also when it was only given back: the next ones wait for nothing."""
    happened = (
        collected(DB, DB, DB), granted(1, exclusive=("db",)), ended(1),
        ev.Tick(), granted(2, exclusive=("db",)), ended(2), granted(3, exclusive=("db",)),
    )  # fmt: skip

    assert findings(*happened) == [f"{one} waits, and a slot is idle" for one in ("t1", "t2")]

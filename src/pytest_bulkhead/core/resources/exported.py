"""What a worker is told of its grant by its environment."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pytest_bulkhead.core.resources.capacity import Capacity, Grant

SLOT, GRANT = "BULKHEAD_SLOT", "BULKHEAD_GRANT"
VISIBLE, ORDER = "CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER"

#: Of the grant, the characters with which a program can be started yet: Linux takes 128 KiB for one
#: variable.
_LONGEST = 100_000

#: All of them.
GRANTED = (SLOT, GRANT, VISIBLE, ORDER)


def exported(slot: int, grant: Grant, capacity: Capacity | None) -> dict[str, str]:
    """Return the variables that a worker finds set.

    Of the GPUs that the run itself may use it sees those that it was granted, by the names that
    they have there: numbers stay numbers and UUIDs stay UUIDs. None, where it was granted none.

    Args:
        slot: the number of its worker id.
        grant: what it holds.
        capacity: what there is; None where no test needs anything.
    """
    if capacity is None:
        return {SLOT: str(slot)}
    tokens = [capacity.cards[number].token for number in grant.cards]
    variables = {SLOT: str(slot), GRANT: _show(grant, tokens)}
    if capacity.cards:
        variables[VISIBLE] = ",".join(tokens)
        variables |= {ORDER: "PCI_BUS_ID"} if capacity.by_bus else {}
    return variables


def profile_on_gpu(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what of the profile `gpu` the user has not set: for who is granted a GPU.

    Not the order in which CUDA counts: the user's own numbers would mean others.
    """
    from pytest_bulkhead.core.environment.profiles import PROFILES  # noqa: PLC0415 - long, for few runs

    lines = PROFILES["gpu"].lines
    wanted = {line.name: line.value for line in lines if line.name not in (ORDER, *environ)}
    return {name: value for name, value in wanted.items() if value is not None}


def _show(grant: Grant, tokens: list[str]) -> str:
    told = {
        "cpus": grant.cpus,
        "ram": int(grant.ram),
        "gpus": tokens,
        "gpu_memory": [int(one) for one in grant.card_memory],
        "exclusive": grant.exclusive,
        "shared": grant.shared,
    }
    text = json.dumps(told)
    return text if len(text) < _LONGEST else json.dumps({**told, "exclusive": None, "shared": None})

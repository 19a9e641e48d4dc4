"""What the marks `requires` of a test ask for together.

The rules:

1. Marks add up: everything that any of them asks for, and of two amounts the larger.
2. What is asked of a GPU asks for a GPU.
3. It is asked of as many as are asked for, of each all of it: `gpu=2, gpu_memory="24GB"` are two
   that have as much each.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from packaging.specifiers import SpecifierSet

from pytest_bulkhead.core.keys import KEYS, OF_GPUS, Requirement
from pytest_bulkhead.errors import UsageProblem

_A_GPU = Requirement("gpu", "gpu 1", least=1)


def read_mark(
    nodeid: str, args: tuple[object, ...], kwargs: Mapping[str, object]
) -> list[Requirement]:
    """Read one mark.

    Args:
        nodeid: the test, for messages.
        args: of the mark: there must be none.
        kwargs: of the mark.

    Raises:
        UsageProblem: there is no such key, or it cannot have such a value.
    """
    if args:
        raise _refuse(nodeid, f"{args[0]!r} is given without a key", KEYS["ram"].forms + _OWN)
    found: list[Requirement] = []
    for key, value in kwargs.items():
        if key not in KEYS:
            raise _refuse(nodeid, f"there is no key {key!r}", f"one of {', '.join(KEYS)}{_OWN}")
        try:
            found += KEYS[key].read(key, value)
        except ValueError as problem:
            raise _refuse(nodeid, f"{key}={value!r} {problem}", KEYS[key].forms) from None
    return found


def _refuse(nodeid: str, what: str, forms: str) -> UsageProblem:
    return UsageProblem(f"{nodeid}: mark requires: {what}\nhint: write {forms}")


_OWN = (
    "\nhint: a mark `requires` of your own is left alone once it is listed under `markers` in the "
    "ini file, or registered by a conftest"
)


def join(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Join what several marks ask for, in the order of `KEYS`."""
    wanted: dict[object, Requirement] = {}
    for one in requirements:
        which = one.key if one.least else one
        if which not in wanted or one.least > wanted[which].least:
            wanted[which] = one
    if any(one.key in OF_GPUS for one in wanted.values()):
        wanted.setdefault("gpu", _A_GPU)
    gpus = int(wanted["gpu"].least) if "gpu" in wanted else 1
    capability = SpecifierSet()
    for one in wanted.values():
        if one.key == "compute_capability":
            capability &= one.versions
    order = list(KEYS)
    found = sorted(wanted.values(), key=lambda one: order.index(one.key))
    return tuple(one._replace(gpus=gpus, capability=capability) for one in found)

"""What the marks `requires` of a test ask for together.

The rules:

1. Marks add up: everything that any of them asks for, and of two amounts the larger.
2. What is asked of a GPU asks for a GPU.
3. It is asked of as many as are asked for, of each all of it: `gpu=2, gpu_memory="24GB"` are two
   that have as much each.
4. A GPU is one of CUDA's, unless an accelerator is named; of several marks it is one that all name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from packaging.specifiers import SpecifierSet

from pytest_bulkhead.core.requires.keys import KEYS, OF_GPUS, Requirement
from pytest_bulkhead.core.requires.presets import KeyValues, Preset, needs_of_mark
from pytest_bulkhead.core.resources.needs import Needs
from pytest_bulkhead.errors import UsageProblem

_A_GPU = Requirement("gpu", "gpu 1", least=1)


def read_mark(nodeid: str, args: tuple[object, ...], kwargs: KeyValues) -> list[Requirement]:
    """Read one mark.

    Args:
        nodeid: the test, for messages.
        args: of the mark: there must be none.
        kwargs: of the mark.

    Raises:
        UsageProblem: there is no such key, or it cannot have such a value.
    """
    where = f"{nodeid}: mark requires"
    if args:
        raise _refuse(where, f"{args[0]!r} is given without a key", KEYS["ram"].forms + _OWN)
    return read_requirements(where, kwargs, _OWN)


def read_preset_mark(
    nodeid: str, name: str, preset: Preset, args: tuple[object, ...], kwargs: KeyValues
) -> list[Requirement]:
    """Read a mark that people have already.

    One that asks in a way of its own, `gpu("a100")`, is left alone unless the run says of it what
    it asks for: it is then somebody's who reads it.

    Args:
        nodeid: the test, for messages.
        name: of the mark.
        preset: what it asks for.
        args: of the mark.
        kwargs: of the mark.

    Raises:
        UsageProblem: as above.
    """
    where, way_out = f"{nodeid}: mark {name}", _ALONE.format(name)
    try:
        if len(args) > len(preset.needs):
            raise _refuse(where, f"{args[-1]!r} is a value too many", f"{name}(){way_out}")
        found = read_requirements(where, needs_of_mark(preset, args, kwargs), way_out)
    except UsageProblem:
        if preset.asked:
            raise
        return []
    return [one._replace(text=f"{one.text} (mark {name})") for one in found]


def read_requirements(where: str, needs: KeyValues, way_out: str = "") -> list[Requirement]:
    """Read keys and their values.

    Args:
        where: the test and mark, or the line, for messages.
        needs: {key: value}.
        way_out: what else there is to do, for messages.

    Raises:
        UsageProblem: there is no such key, or it cannot have such a value.
    """
    found: list[Requirement] = []
    for key, value in needs.items():
        if key not in KEYS:
            raise _refuse(where, f"there is no key {key!r}", f"one of {', '.join(KEYS)}{way_out}")
        try:
            found += KEYS[key].read(key, value)
        except ValueError as problem:
            raise _refuse(where, f"{key}={value!r} {problem}", KEYS[key].forms + way_out) from None
    return found


def _refuse(where: str, what: str, forms: str) -> UsageProblem:
    return UsageProblem(f"{where}: {what}\nhint: write {forms}")


_OWN = (
    "\nhint: a mark `requires` of your own is left alone once it is listed under `markers` in the "
    "ini file, or registered by a conftest"
)

_ALONE = "\nhint: the line `{} =` of the ini key isolate_marks has the mark ask for nothing"


def join(requirements: Iterable[Requirement]) -> tuple[Requirement, ...]:
    """Join what several marks ask for, in the order of `KEYS`."""
    wanted: dict[object, Requirement] = {}
    for one in requirements:
        which = one.key if one.least else one
        if which not in wanted or one.least > wanted[which].least:
            wanted[which] = one
    accelerators = [one for one in wanted.values() if one.key == "accelerator"]
    if any(one.key in OF_GPUS for one in wanted.values()):
        wanted["gpu"] = _named(wanted.get("gpu"), accelerators)
    gpus = int(wanted["gpu"].least) if "gpu" in wanted else 1
    kinds = tuple(_in_all([one.kinds for one in accelerators or [_A_GPU]]))
    capability = SpecifierSet()
    for one in wanted.values():
        if one.key == "compute_capability":
            capability &= one.versions
    order = list(KEYS)
    found = sorted(wanted.values(), key=lambda one: order.index(one.key))
    return tuple(
        one._replace(gpus=gpus, capability=capability, kinds=kinds)
        for one in found
        if one.key != "accelerator"
    )


def _named(gpu: Requirement | None, accelerators: Sequence[Requirement]) -> Requirement:
    """Return the need of a GPU, in the words by which it was asked for."""
    texts = [one.text for one in (*([gpu] if gpu else []), *accelerators)]
    return (gpu or _A_GPU)._replace(text=", ".join(texts) or _A_GPU.text)


def _in_all(several: Sequence[tuple[str, ...]]) -> Iterator[str]:
    return (one for one in several[0] if all(one in others for others in several))


def needs_of(requirements: Sequence[Requirement]) -> Needs:
    """Return what the requirements of a test, joined, have it take."""
    amounts = {one.key: one.least for one in requirements if one.least}
    gpus = int(amounts.get("gpu", 0))
    return Needs(
        cpus=int(amounts.get("cpus", 1)),
        ram=amounts.get("ram", 0),
        gpus=gpus,
        gpu_memory=amounts.get("gpu_memory", 0),
        gpu_memory_total=amounts.get("gpu_memory_total", 0),
        capability=str(requirements[0].capability) if gpus else "",
        exclusive=_names(requirements, "exclusive"),
        shared=_names(requirements, "shared"),
    )


def _names(requirements: Sequence[Requirement], key: str) -> tuple[str, ...]:
    return tuple(sorted(one.name for one in requirements if one.key == key))

"""Is what was asked for in force? Compares an environment with what was seen of the process."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.environment.merged import Environment
from pytest_bulkhead.core.environment.profiles import DOUBTFUL, HIDE_MPS, LIMIT_TORCH
from pytest_bulkhead.core.environment.readers import Late

#: {native library, as threadpoolctl names it: (its name, the variable that it goes by)}
POOLS = {
    "openmp": ("OpenMP", "OMP_NUM_THREADS"),
    "openblas": ("OpenBLAS", "OPENBLAS_NUM_THREADS"),
    "mkl": ("MKL", "MKL_NUM_THREADS"),
    "blis": ("BLIS", "BLIS_NUM_THREADS"),
}


class Pool(NamedTuple):
    """A pool of threads of a native library that is loaded."""

    #: As threadpoolctl names it.
    library: str
    threads: int
    path: str


class Torch(NamedTuple):
    """What torch said, when it was imported."""

    threads: int
    #: The type of its default device.
    device: str


class Seen(NamedTuple):
    """What was seen of a process once its tests were collected."""

    #: {each variable that was asked for: its value, None for unset}
    variables: Mapping[str, str | None]
    #: {variable: where it was changed since, as `file:line`}
    changed_at: Mapping[str, str] = {}
    pools: Sequence[Pool] = ()
    torch: Torch | None = None
    #: How many devices CUDA had found when it was initialised; 0 when it was not.
    cuda_devices: int = 0


class Difference(NamedTuple):
    """Something that is not as it was asked for."""

    text: str
    #: Who is to blame, as `file:line`; empty when that is not known.
    place: str = ""


def differences(asked: Environment, late: Sequence[Late], seen: Seen) -> Iterator[Difference]:
    """Yield what is not in force, and what should not have been asked for.

    Args:
        asked: the environment.
        late: the variables that were set too late for this process.
        seen: what it looks like.
    """
    yield from _of_variables(asked, seen)
    yield from _of_pools(asked, {one.variable: one for one in late}, seen)
    yield from _of_devices(asked, seen)
    observed = {variable for _, variable in POOLS.values()}
    for one in late:
        if one.variable not in observed:
            yield Difference(f"{one.why}; {_cure(one)}", one.place)
    for name in asked.variables:
        if name in DOUBTFUL and asked.variables[name] is not None:
            yield Difference(f"{name}: {DOUBTFUL[name]}")


def _of_variables(asked: Environment, seen: Seen) -> Iterator[Difference]:
    for name, wanted in asked.variables.items():
        if seen.variables.get(name) != wanted:
            place = seen.changed_at.get(name, "")
            by = f", changed at {place}" if place else ""
            text = f"{name} is {_shown(seen.variables.get(name))}, not {_shown(wanted)}{by}"
            yield Difference(text, place)


def _of_pools(asked: Environment, late: Mapping[str, Late], seen: Seen) -> Iterator[Difference]:
    for pool in seen.pools:
        name, variable = POOLS.get(pool.library, ("", ""))
        wanted = asked.number(variable)
        # Fewer are no harm: there may be fewer cores than were asked for.
        if wanted is not None and pool.threads > wanted:
            why = f"; {late[variable].why}" if variable in late else ""
            place = late[variable].place if variable in late else ""
            text = f"{name} has {pool.threads} threads, not {wanted} ({pool.path}){why}"
            yield Difference(text, place)
    wanted = asked.number("OMP_NUM_THREADS") if LIMIT_TORCH in asked.acts else None
    if seen.torch is not None and wanted is not None and seen.torch.threads > wanted:
        yield Difference(f"torch has {seen.torch.threads} threads, not {wanted}")


def _of_devices(asked: Environment, seen: Seen) -> Iterator[Difference]:
    if HIDE_MPS in asked.acts and seen.torch is not None and seen.torch.device != "cpu":
        yield Difference(f"torch's default device is {seen.torch.device}, not cpu")
    if seen.cuda_devices and asked.variables.get("CUDA_VISIBLE_DEVICES") == "":
        yield Difference(
            f"CUDA was initialised with {seen.cuda_devices} device(s) in sight before "
            "CUDA_VISIBLE_DEVICES was emptied"
        )


def _cure(late: Late) -> str:
    if late.reader.at_start:
        return "it is not in force here; with --isolate, tests run in a process that began with it"
    return "it is not in force here; import that later, or use --isolate"


def _shown(value: str | None) -> str:
    return "unset" if value is None else repr(value)

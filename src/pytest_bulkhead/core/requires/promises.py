"""What a runner has promised: a machine that keeps it has at least that.

Of the same keys as what tests require. Memory of a GPU promises a GPU; with `gpu>=4`, of four that
have as much each. A GPU is one of CUDA's; another kind is promised as `accelerator=rocm`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from pytest_bulkhead.core.requires.keys import AMOUNTS, KEYS, NAMED, OF_GPUS, SIZES, Requirement
from pytest_bulkhead.core.resources.devices import ACCELERATORS
from pytest_bulkhead.core.resources.sizes import parse_size
from pytest_bulkhead.errors import UsageProblem


class Promise(NamedTuple):
    """What a runner says that it has."""

    key: str
    #: Where it was promised, in which words.
    text: str
    #: Which one, of a GPU its kind; empty for each that may be asked for.
    name: str
    #: How much.
    least: float


def read_promises(words: Iterable[str], where: str) -> list[Promise]:
    """Read what a runner promises.

    Args:
        words: as `gpu`, `ram>=64GB` or `service=ollama`.
        where: the option, ini key or variable at which they stand.

    Raises:
        UsageProblem: one of them promises nothing that can be required.
    """
    found: list[Promise] = []
    for word in words:
        try:
            found += _promises(word, f"{where} {word}")
        except ValueError:
            raise UsageProblem(
                f"{where}: {word!r} is nothing that a runner can promise\n"
                "hint: write gpu, network, gpu>=4, ram>=64GB (also cpus, disk, gpu_memory, "
                "gpu_memory_total), accelerator=rocm, service=ollama (also module, executable, "
                "model, env), or one of those five without a name"
            ) from None
    return found


_PROMISE = re.compile(r"(\w+)(?:(>=|=)(.+))?")


def _promises(word: str, text: str) -> Iterator[Promise]:
    match = _PROMISE.fullmatch(word)
    key, sign, value = match.group(1, 2, 3) if match else ("", None, None)
    if key in NAMED and sign != ">=":
        for name in _promised_names(key, value):
            yield Promise(key, text, name, 0)
    elif key in ("gpu", "network") and sign is None:
        yield Promise(key, text, _kind(key), 1)
    elif key == "accelerator" and sign == "=" and value in ACCELERATORS:
        yield Promise("gpu", text, value, 1)
    elif key in AMOUNTS and sign == ">=" and (least := _amount(key, str(value))):
        yield Promise(key, text, _kind(key), least)
        if key in OF_GPUS:
            yield Promise("gpu", text, _kind(key), 1)
    else:
        raise ValueError("is no promise")


_ABOUT_GPUS = {"gpu", *OF_GPUS}


def _kind(key: str) -> str:
    return "cuda" if key in _ABOUT_GPUS else ""


def _promised_names(key: str, value: str | None) -> list[str]:
    found = list(KEYS[key].read(key, value)) if value is not None else []
    if any(one.versions for one in found):
        raise ValueError("has a version: what is asked of a module may have another one")
    return [one.name for one in found] or [""]


def kept_by(promises: Sequence[Promise], requirement: Requirement) -> Promise | None:
    """Return the promise that would meet a requirement if it were kept, None for none.

    Its compute capability apart, of which nothing is promised.
    """
    about_gpus = requirement.key in _ABOUT_GPUS
    names = requirement.kinds if about_gpus else ("", requirement.name)
    promises = [promise for promise in promises if promise.name in names]
    gpus = max((promise.least for promise in promises if promise.key == "gpu"), default=0)
    if requirement.key == "gpu_memory" and requirement.gpus > gpus:
        return None
    for promise in promises:
        if promise.key == requirement.key and requirement.least <= promise.least:
            return promise
    return None


def _amount(key: str, value: str) -> float | None:
    """Return how much a promise is of; None, or 0, when it is no amount."""
    if key in SIZES:
        return parse_size(value)
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d+)?", value) else None

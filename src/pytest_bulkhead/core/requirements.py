"""What the marks `requires` of a test ask for, and what a runner has promised.

The rules:

1. Marks add up: everything that any of them asks for, and of two amounts the larger.
2. Memory of a GPU asks for a GPU; `gpu=2, gpu_memory="24GB"` for two that have as much each.
3. A promise is of the same form: it says that a machine has at least that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pytest_bulkhead.core.sizes import parse_size
from pytest_bulkhead.errors import UsageProblem

#: {name of a service: where it listens unless told otherwise}
SERVICES = {
    "elasticsearch": "localhost:9200",
    "mongodb": "localhost:27017",
    "mysql": "localhost:3306",
    "ollama": "localhost:11434",
    "postgresql": "localhost:5432",
    "rabbitmq": "localhost:5672",
    "redis": "localhost:6379",
}

#: {name of a platform: how `sys.platform` begins there}
PLATFORMS = {"linux": "linux", "macos": "darwin", "windows": "win32"}


class Requirement(NamedTuple):
    """One thing that a test needs."""

    key: str
    #: The key, and what was asked of it.
    text: str
    #: Which one: a module, a file, a host and port; empty where the machine itself is meant.
    name: str = ""
    #: Of what is counted or measured: how much at least, in pieces or bytes.
    least: float = 0
    #: Of what has versions: those that will do.
    versions: SpecifierSet = SpecifierSet()
    #: On how many GPUs.
    gpus: int = 1


class Promise(NamedTuple):
    """What a runner says that it has."""

    key: str
    #: Where it was promised, in which words.
    text: str
    #: Which one; empty for each that may be asked for.
    name: str
    #: How much.
    least: float


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
    if "gpu" not in wanted and any(one.key in _OF_GPUS for one in wanted.values()):
        wanted["gpu"] = _A_GPU
    gpus = int(wanted["gpu"].least) if "gpu" in wanted else 1
    order = list(KEYS)
    found = sorted(wanted.values(), key=lambda one: order.index(one.key))
    return tuple(one._replace(gpus=gpus) for one in found)


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
                "gpu_memory_total), service=ollama (also module, executable, env), or one of "
                "those four without a name"
            ) from None
    return found


_PROMISE = re.compile(r"(\w+)(?:(>=|=)(.+))?")


def _promises(word: str, text: str) -> Iterator[Promise]:
    match = _PROMISE.fullmatch(word)
    key, sign, value = match.group(1, 2, 3) if match else ("", None, None)
    if key in _NAMED and sign != ">=":
        for name in _promised_names(key, value):
            yield Promise(key, text, name, 0)
    elif key in ("gpu", "network") and sign is None:
        yield Promise(key, text, "", 1)
    elif key in _AMOUNTS and sign == ">=" and (least := _amount(key, str(value))):
        yield Promise(key, text, "", least)
        if key in _OF_GPUS:
            yield Promise("gpu", text, "", 1)
    else:
        raise ValueError("is no promise")


def _promised_names(key: str, value: str | None) -> list[str]:
    found = list(KEYS[key].read(key, value)) if value is not None else []
    if any(one.versions for one in found):
        raise ValueError("has a version: what is asked of a module may have another one")
    return [one.name for one in found] or [""]


def kept_by(promises: Sequence[Promise], requirement: Requirement) -> Promise | None:
    """Return the promise that would meet a requirement if it were kept, None for none."""
    for promise in promises:
        same = promise.key == requirement.key and promise.name in ("", requirement.name)
        if same and requirement.least <= promise.least:
            return promise
    return None


def _amount(key: str, value: str) -> float | None:
    """Return how much a promise is of; None, or 0, when it is no amount."""
    if key in _SIZES:
        return parse_size(value)
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d+)?", value) else None


def _read_size(key: str, value: object) -> Iterator[Requirement]:
    least = parse_size(value) if isinstance(value, str) else None
    if least is None:
        raise ValueError("is no size")
    yield Requirement(key, f"{key} {value}", least=least)


def _read_count(key: str, value: object) -> Iterator[Requirement]:
    if type(value) is not int or value < 1:
        raise ValueError("is no number of pieces")
    yield Requirement(key, f"{key} {value}", least=value)


def _read_flag(key: str, value: object) -> Iterator[Requirement]:
    if value is not True:
        raise ValueError("can only be True")
    yield Requirement(key, key, least=1)


def _each(value: object) -> Iterator[str]:
    """Yield the text, or each of several."""
    several = value if isinstance(value, (list, tuple)) and value else [value]
    for one in several:
        if not isinstance(one, str) or not one:
            raise ValueError("is no text, nor a list of texts")
        yield one


def _read_names(key: str, value: object) -> Iterator[Requirement]:
    for one in _each(value):
        yield Requirement(key, f"{key} {one}", one)


_MODULE = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*) *([^\w ].*)?")


def _read_module(key: str, value: object) -> Iterator[Requirement]:
    for one in _each(value):
        match = _MODULE.fullmatch(one)
        if match is None:
            raise ValueError("does not begin with a name that can be imported")
        yield Requirement(key, f"{key} {one}", match[1], versions=_versions(match[2] or ""))


def _versions(text: str) -> SpecifierSet:
    try:
        return SpecifierSet(text)
    except InvalidSpecifier:
        raise ValueError("is no range of versions") from None


_ADDRESS = re.compile(r"tcp://(\[[0-9A-Fa-f:.]+\]|[\w.-]+):(\d{1,5})")


def _read_service(key: str, value: object) -> Iterator[Requirement]:
    for one in _each(value):
        match = _ADDRESS.fullmatch(one)
        if not (match and int(match[2]) < 65536) and one not in SERVICES:
            raise ValueError("is no service that is known by name, and no address")
        address = SERVICES[one] if match is None else f"{match[1]}:{match[2]}"
        yield Requirement(key, f"{key} {one}", address)


def _read_platform(key: str, value: object) -> Iterator[Requirement]:
    if not isinstance(value, str) or value not in PLATFORMS:
        raise ValueError("is no platform")
    yield Requirement(key, f"{key} {value}", PLATFORMS[value])


def _read_python(key: str, value: object) -> Iterator[Requirement]:
    if not isinstance(value, str) or not value:
        raise ValueError("is no range of versions")
    yield Requirement(key, f"{key} {value}", versions=_versions(value))


class Key(NamedTuple):
    """A key of the mark."""

    #: What may be written.
    forms: str
    #: Reads a value; raises ValueError with what it is not.
    read: Callable[[str, object], Iterator[Requirement]]


_SIZE = "as a text in MB, GB, TB (5 % less will do) or MiB, GiB, TiB (exact)"

KEYS = {
    "gpu": Key("gpu=1, or how many", _read_count),
    "gpu_memory": Key(f'gpu_memory="24GB", {_SIZE}', _read_size),
    "gpu_memory_total": Key(f'gpu_memory_total="160GB", {_SIZE}', _read_size),
    "ram": Key(f'ram="48GB", {_SIZE}', _read_size),
    "cpus": Key("cpus=4, or how many", _read_count),
    "disk": Key(f'disk="20GB", {_SIZE}', _read_size),
    "module": Key('module="vllm", module="vllm>=0.9", or a list of those', _read_module),
    "executable": Key('executable="ffmpeg", or a list of names', _read_names),
    "service": Key(
        f'service="tcp://host:port", one of {", ".join(SERVICES)}, or a list of those',
        _read_service,
    ),
    "env": Key('env="HF_TOKEN", or a list of variables', _read_names),
    "network": Key("network=True", _read_flag),
    "platform": Key(f'platform="linux", or one of {", ".join(PLATFORMS)}', _read_platform),
    "python": Key('python=">=3.11"', _read_python),
}  # fmt: skip

_SIZES = {key for key, one in KEYS.items() if one.read is _read_size}
_AMOUNTS = {key for key, one in KEYS.items() if one.read is _read_count} | _SIZES
_OF_GPUS = {"gpu_memory", "gpu_memory_total"}
_NAMED = {"module", "executable", "service", "env"}
_A_GPU = Requirement("gpu", "gpu 1", least=1)

"""The keys of the mark `requires`: what may be written, and what it asks for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from pytest_bulkhead.core.resources.devices import ACCELERATORS
from pytest_bulkhead.core.resources.sizes import parse_size

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
    #: Of a GPU: how many have to be so, and which compute capability they have to have.
    gpus: int = 1
    capability: SpecifierSet = SpecifierSet()
    #: Of what an accelerator can be: the kinds that will do.
    kinds: tuple[str, ...] = ("cuda",)

    def of_any_gpu(self) -> Requirement:
        """Return the same, whatever the compute capability."""
        return self._replace(capability=SpecifierSet())


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


def _read_accelerator(key: str, value: object) -> Iterator[Requirement]:
    kinds = value.split("|") if isinstance(value, str) else []
    if not kinds or not set(kinds) <= set(ACCELERATORS):
        raise ValueError("is no accelerator, nor several of them")
    yield Requirement(key, f"{key} {value}", kinds=tuple(kinds))


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


_MODEL = re.compile(r"[\w.-]+(?:/[\w.-]+)?")


def _read_model(key: str, value: object) -> Iterator[Requirement]:
    for one in _each(value):
        if _MODEL.fullmatch(one) is None:
            raise ValueError("is no name of a model")
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
        if not (match and 0 < int(match[2]) < 65536) and one not in SERVICES:
            raise ValueError("is no service that is known by name, and no address")
        address = SERVICES[one] if match is None else f"{match[1]}:{match[2]}"
        yield Requirement(key, f"{key} {one}", address)


def _read_platform(key: str, value: object) -> Iterator[Requirement]:
    if not isinstance(value, str) or value not in PLATFORMS:
        raise ValueError("is no platform")
    yield Requirement(key, f"{key} {value}", PLATFORMS[value])


def _read_versions(key: str, value: object) -> Iterator[Requirement]:
    if not isinstance(value, str) or not value.strip():
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
    "accelerator": Key(
        f'accelerator="cuda", or one of {", ".join(ACCELERATORS)}, or several as "cuda|rocm"',
        _read_accelerator,
    ),
    "gpu_memory": Key(f'gpu_memory="24GB", {_SIZE}', _read_size),
    "gpu_memory_total": Key(f'gpu_memory_total="160GB", {_SIZE}', _read_size),
    "compute_capability": Key('compute_capability=">=8.0"', _read_versions),
    "ram": Key(f'ram="48GB", {_SIZE}', _read_size),
    "cpus": Key("cpus=4, or how many", _read_count),
    "disk": Key(f'disk="20GB", {_SIZE}', _read_size),
    "module": Key('module="vllm", module="vllm>=0.9", or a list of those', _read_module),
    "executable": Key('executable="ffmpeg", or a list of names', _read_names),
    "service": Key(
        f'service="tcp://host:port", one of {", ".join(SERVICES)}, or a list of those',
        _read_service,
    ),
    "model": Key('model="org/name", or a list of those', _read_model),
    "env": Key('env="HF_TOKEN", or a list of variables', _read_names),
    "network": Key("network=True", _read_flag),
    "platform": Key(f'platform="linux", or one of {", ".join(PLATFORMS)}', _read_platform),
    "python": Key('python=">=3.11"', _read_versions),
    "exclusive": Key('exclusive="port-8080", or a list of names', _read_names),
    "shared": Key('shared="port-8080", or a list of names', _read_names),
}  # fmt: skip

#: What is measured, in bytes; what is measured or counted; what has a name.
SIZES = {key for key, one in KEYS.items() if one.read is _read_size}
AMOUNTS = {key for key, one in KEYS.items() if one.read is _read_count} | SIZES
NAMED = {"module", "executable", "service", "model", "env"}

#: What asks for a GPU as well.
OF_GPUS = {"accelerator", "gpu_memory", "gpu_memory_total", "compute_capability"}

"""Whether a machine has what a test needs, and whether what it has not was promised.

What it means that a fact is unknown is decided here. A measure or a version that nobody can tell is
taken to be enough: a test that runs in vain says so, one that is skipped in vain says nothing. Only
of accelerators it is taken to be none, for where they cannot be listed there hardly ever are any.
Where only the runner can know of one, as on macOS, it is there if that was promised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Union

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.requires.keys import Requirement
from pytest_bulkhead.core.requires.promises import Promise, kept_by
from pytest_bulkhead.core.requires.requirements import needs_of
from pytest_bulkhead.core.resources.devices import Device, Devices, together
from pytest_bulkhead.core.resources.needs import NOTHING, Needs
from pytest_bulkhead.core.resources.sizes import show_size


class Machine(Protocol):
    """What is asked of a machine. Each fact is had when it is first asked for, and then stays."""

    def ram(self) -> Fact[float]:
        """Return the bytes of memory that this process and all others may use."""

    def cpus(self) -> Fact[float]:
        """Return how many CPUs this process may use; a part of one counts as that."""

    def disk(self) -> Fact[float]:
        """Return the bytes that are free where tests write."""

    def devices(self, kind: str) -> Fact[Devices]:
        """Return the accelerators of a kind that this process may use."""

    def module(self, name: str) -> Fact[bool]:
        """Return whether a module could be imported."""

    def version(self, module: str) -> Fact[str]:
        """Return the version of a module that is there."""

    def executable(self, name: str) -> Fact[bool]:
        """Return whether a program would be found."""

    def service(self, address: str) -> Fact[bool]:
        """Return whether anybody listens at `host:port`."""

    def model(self, name: str) -> Fact[bool]:
        """Return whether a model is in the local cache."""

    def env(self, name: str) -> Fact[bool]:
        """Return whether a variable is set, and not to nothing."""

    def network(self) -> Fact[bool]:
        """Return whether there is a way out."""

    def platform(self) -> Known[str]:
        """Return `sys.platform`."""

    def python(self) -> Known[str]:
        """Return the version of the interpreter."""


@dataclass(frozen=True)
class Met:
    """All is there."""

    #: What of it others can take away meanwhile.
    needs: Needs = NOTHING


@dataclass(frozen=True)
class Skip:
    """Something is not."""

    reason: str


@dataclass(frozen=True)
class Fail:
    """Something is not that was promised."""

    reason: str


Judgement = Union[Met, Skip, Fail]


def judge(
    requirements: Sequence[Requirement], machine: Machine, promises: Sequence[Promise]
) -> Judgement:
    """Judge whether a test can run.

    A machine that keeps all promises never fails one, whatever the test asks for beside them.

    Args:
        requirements: joined.
        machine: where it would run.
        promises: what the machine was said to have.
    """
    lacks, broken = [], []
    for requirement in requirements:
        lack = _lack(requirement, machine)
        promise = kept_by(promises, requirement) if lack else None
        if not lack or (promise is not None and _is_taken_at_word(promise, requirement, machine)):
            continue
        lacks.append(f"needs {requirement.text}: {lack}")
        if promise is not None and _lack(requirement.of_any_gpu(), machine):
            broken.append(f"{lacks[-1]}; promised by {promise.text}")
    if broken:
        return Fail("\n".join(broken))
    return Skip("; ".join(lacks)) if lacks else Met(needs_of(requirements))


def _lack(requirement: Requirement, machine: Machine) -> str:
    """Return what there is instead of what is needed, empty when that is there."""
    return _LOOKS[requirement.key](requirement, machine)


def _show_count(count: float) -> str:
    return f"{count:g}"


def _at_least(
    requirement: Requirement, fact: Fact[float], show: Callable[[float], str] = show_size
) -> str:
    """Return what there is instead, empty when it is enough."""
    if isinstance(fact, Unknown) or fact.value >= requirement.least:
        return ""
    return f"{show(fact.value)} ({fact.source})"


def _there(fact: Fact[bool]) -> str:
    if isinstance(fact, Known) and not fact.value:
        return f"not there ({fact.source})"
    return ""


def _ram(requirement: Requirement, machine: Machine) -> str:
    return _at_least(requirement, machine.ram())


def _cpus(requirement: Requirement, machine: Machine) -> str:
    return _at_least(requirement, machine.cpus(), _show_count)


def _disk(requirement: Requirement, machine: Machine) -> str:
    return _at_least(requirement, machine.disk())


#: `sys.platform` of macOS. Its virtual machines, as on hosted runners, say that they have MPS, and
#: then hang or run out of memory: nobody can be asked but by using it.
_MACOS = "darwin"
_ON_MACOS = "on macOS there are those that the runner promises (--provides)"

#: What only their runtimes can tell, and those bring the device into use for it.
_KNOWN_BY_PROMISE = ("xpu",)


def _devices(requirement: Requirement, machine: Machine) -> Fact[Devices]:
    """Return the accelerators that a test may use, of the kinds that will do for it."""
    if machine.platform().value == _MACOS:
        return Unknown(_ON_MACOS)
    if not requirement.kinds:
        return Known((), "none is all of these")
    return together(machine.devices(kind) for kind in requirement.kinds)


def _is_taken_at_word(promise: Promise, requirement: Requirement, machine: Machine) -> bool:
    """Return whether a promise is of an accelerator of which nobody else can tell."""
    if requirement.key != "gpu":
        return False
    if machine.platform().value == _MACOS:
        return True
    kind = promise.name
    return kind in _KNOWN_BY_PROMISE and isinstance(machine.devices(kind), Unknown)


def _gpu(requirement: Requirement, machine: Machine) -> str:
    devices = _devices(requirement, machine)
    if isinstance(devices, Unknown):
        return devices.reason
    return _at_least(requirement, Known(len(devices.value), devices.source), _show_count)


def _candidates(requirement: Requirement, machine: Machine) -> tuple[list[Device], str]:
    """Return the GPUs that are new enough, and who says so; none where there are not as many.

    That there are not as many is for the keys that ask for them to say.
    """
    devices = _devices(requirement, machine)
    if isinstance(devices, Unknown):
        return [], ""
    found = [one for one in devices.value if _is_capable(one, requirement)]
    return found if len(found) >= requirement.gpus else [], devices.source


def _is_capable(device: Device, requirement: Requirement) -> bool:
    wanted, found = requirement.capability, device.capability
    return not wanted or found is None or (bool(found) and wanted.contains(found))


def _gpu_memory(requirement: Requirement, machine: Machine) -> str:
    """Look at the least of the largest ones, as many as are asked for."""
    devices, source = _candidates(requirement, machine)
    sizes = sorted((one.memory for one in devices if one.memory is not None), reverse=True)
    if len(sizes) < len(devices) or not devices:
        return ""
    return _at_least(requirement, Known(sizes[requirement.gpus - 1], source))


def _gpu_memory_total(requirement: Requirement, machine: Machine) -> str:
    devices, source = _candidates(requirement, machine)
    sizes = [one.memory for one in devices if one.memory is not None]
    if len(sizes) < len(devices) or not devices:
        return ""
    return _at_least(requirement, Known(sum(sizes), source))


def _compute_capability(requirement: Requirement, machine: Machine) -> str:
    devices = _devices(requirement, machine)
    if isinstance(devices, Unknown) or len(devices.value) < requirement.gpus:
        return ""
    if _candidates(requirement, machine)[0]:
        return ""
    return f"{', '.join(one.capability or 'none' for one in devices.value)} ({devices.source})"


def _module(requirement: Requirement, machine: Machine) -> str:
    lack = _there(machine.module(requirement.name))
    if lack or not requirement.versions:
        return lack
    return _among(requirement, machine.version(requirement.name))


def _among(requirement: Requirement, version: Fact[str]) -> str:
    """Return the version that there is, empty when it will do: a pre-release will, if in range."""
    if isinstance(version, Unknown) or requirement.versions.contains(version.value, True):
        return ""
    return f"{version.value} ({version.source})"


def _executable(requirement: Requirement, machine: Machine) -> str:
    return _there(machine.executable(requirement.name))


def _service(requirement: Requirement, machine: Machine) -> str:
    return _there(machine.service(requirement.name))


def _model(requirement: Requirement, machine: Machine) -> str:
    return _there(machine.model(requirement.name))


def _env(requirement: Requirement, machine: Machine) -> str:
    return _there(machine.env(requirement.name))


def _network(_requirement: Requirement, machine: Machine) -> str:
    return _there(machine.network())


def _platform(requirement: Requirement, machine: Machine) -> str:
    platform = machine.platform()
    same = platform.value.startswith(requirement.name)
    return "" if same else f"{platform.value} ({platform.source})"


def _python(requirement: Requirement, machine: Machine) -> str:
    return _among(requirement, machine.python())


def _lock(_requirement: Requirement, _machine: Machine) -> str:
    """Lack nothing: who else holds a lock is waited for."""
    return ""


_LOOKS: dict[str, Callable[[Requirement, Machine], str]] = {
    "gpu": _gpu,
    "gpu_memory": _gpu_memory,
    "gpu_memory_total": _gpu_memory_total,
    "compute_capability": _compute_capability,
    "ram": _ram,
    "cpus": _cpus,
    "disk": _disk,
    "module": _module,
    "executable": _executable,
    "service": _service,
    "model": _model,
    "env": _env,
    "network": _network,
    "platform": _platform,
    "python": _python,
    "exclusive": _lock,
    "shared": _lock,
}

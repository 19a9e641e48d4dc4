"""What this machine has, as far as this process may use it; nothing is brought into use to see it.

Each fact is looked up once: the tests of a run are all judged by the same ones.
"""

from __future__ import annotations

import functools
import importlib.machinery
import importlib.metadata
import importlib.util
import os
import platform
import shutil
import socket
import sys
from collections.abc import Callable, Iterator

from packaging.version import InvalidVersion, Version

from pytest_bulkhead.core.known import Fact, Known, Unknown
from pytest_bulkhead.core.resources.devices import Devices
from pytest_bulkhead.system import cgroups, kernel_devices, models, nvml, process
from pytest_bulkhead.system.natives import top_package

#: Seconds that a service has to answer.
_PATIENCE = 1.0

#: An address outside: a datagram socket that is connected to it sends nothing.
_OUTSIDE = ("1.1.1.1", 53)


class ThisMachine:
    """Answers what `core.requires.judging.Machine` asks."""

    def __init__(self, folder: str) -> None:
        """Begin; nothing is looked up yet.

        Args:
            folder: where tests write.
        """
        self._folder = folder

    @functools.cache
    def ram(self) -> Fact[float]:
        """Return what there is, or a control group's limit if that is less."""
        try:
            size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
        except (ValueError, OSError) as problem:
            return Unknown(f"the size of the memory: {problem}")
        return _least(Known(float(size), "sysconf"), cgroups.memory_limit())

    @functools.cache
    def cpus(self) -> Fact[float]:
        """Return those that it may run on, or a control group's limit of time if that is less."""
        return _least(Known(float(process.usable_cores()), "affinity"), cgroups.cpu_limit())

    @functools.cache
    def disk(self) -> Fact[float]:
        """Return what is free for this user."""
        try:
            return Known(float(shutil.disk_usage(self._folder).free), f"free in {self._folder}")
        except OSError as problem:
            return Unknown(f"free space: {problem}")

    @functools.cache
    def devices(self, kind: str) -> Fact[Devices]:
        """Return those that NVML or the kernel lists, as far as variables show them."""
        return _LISTED[kind]()

    @functools.cache
    def module(self, name: str) -> Fact[bool]:
        """Return whether it would be found; neither it nor a package above it is imported."""
        return Known(_would_be_found(name), "sys.path")

    @functools.cache
    def version(self, module: str) -> Fact[str]:
        """Return what its distribution says."""
        for name in _distributions(module):
            try:
                found = importlib.metadata.version(name)
                return Known(str(Version(found)), f"metadata of {name}")
            except (importlib.metadata.PackageNotFoundError, InvalidVersion):
                pass
        return Unknown(f"the version of {module}: no distribution tells it")

    @functools.cache
    def executable(self, name: str) -> Fact[bool]:
        """Return whether `PATH` has it."""
        return Known(shutil.which(name) is not None, "PATH")

    @functools.cache
    def service(self, address: str) -> Fact[bool]:
        """Return whether a connection is accepted."""
        host, _colon, port = address.rpartition(":")
        try:
            with socket.create_connection((host.strip("[]"), int(port)), _PATIENCE):
                return Known(True, address)
        except (OSError, UnicodeError) as problem:  # a host's name may be none at all
            return Known(False, f"{address}: {problem}")

    @functools.cache
    def model(self, name: str) -> Fact[bool]:
        """Return whether Hugging Face's cache has it."""
        return models.cached_model(name)

    @functools.cache
    def env(self, name: str) -> Fact[bool]:
        """Return whether it has a value; that is not looked at."""
        return Known(bool(os.environ.get(name)), "environment")

    @functools.cache
    def network(self) -> Fact[bool]:
        """Return whether the kernel knows a route to the outside; nobody out there is asked."""
        try:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                out.connect(_OUTSIDE)
                return Known(True, "route")
        except OSError as problem:
            return Known(False, f"route: {problem}")

    def platform(self) -> Known[str]:
        """Return it as Python names it."""
        return Known(sys.platform, "sys.platform")

    def python(self) -> Known[str]:
        """Return the version of this interpreter."""
        return Known(platform.python_version().rstrip("+"), "this interpreter")


def _no_mps() -> Fact[Devices]:
    return Known((), sys.platform)  # on macOS nobody asks


_LISTED: dict[str, Callable[[], Fact[Devices]]] = {
    "cuda": nvml.usable_devices,
    "rocm": kernel_devices.rocm_devices,
    "xpu": kernel_devices.xpu_devices,
    "mps": _no_mps,
    "tpu": kernel_devices.tpu_devices,
}


def _least(there: Known[float], limit: Known[float] | None) -> Known[float]:
    return there if limit is None or there.value <= limit.value else limit


def _distributions(module: str) -> Iterator[str]:
    """Yield the distributions that may have brought a module.

    Mostly that of its name; to find another one, all that are installed are read.
    """
    yield module
    brought = importlib.metadata.packages_distributions().get(top_package(module), [])
    if len(set(brought)) == 1:  # of a namespace that several share, none tells the version
        yield brought[0]


def _would_be_found(name: str) -> bool:
    """Look for each part in the folders of the one before it.

    Not by `find_spec` of the whole name: that imports the packages above.
    """
    top, *below = name.split(".")
    spec = _find_top(top)
    for part in below:
        if spec is None or spec.submodule_search_locations is None:
            return False
        folders = list(spec.submodule_search_locations)
        spec = importlib.machinery.PathFinder.find_spec(part, folders)
    return spec is not None


def _find_top(name: str) -> importlib.machinery.ModuleSpec | None:
    try:
        return importlib.util.find_spec(name)
    except ValueError:  # of a stand-in in `sys.modules`
        return None

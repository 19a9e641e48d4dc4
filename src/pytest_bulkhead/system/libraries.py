"""Which native libraries this process has loaded: asked before anything is asked of them."""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath

from pytest_bulkhead.core.known import Fact, Known, Unknown, value_or

_ON_MACOS = sys.platform == "darwin"
_MAPS = "/proc/self/maps"

#: What the files of OpenMP's runtimes are called.
OPENMP = r"lib(?:gomp|omp|iomp)"

#: {the folder of a package's libraries: the package}, where they are called differently.
_PACKAGES = {"scikit_learn": "sklearn"}


def loaded_libraries() -> Fact[tuple[str, ...]]:
    """Return the paths of all files of code that this process has loaded."""
    if _ON_MACOS:
        return Known(tuple(_images_of_dyld()), "dyld")
    try:
        maps = Path(_MAPS).read_text()
    except OSError as problem:
        return Unknown(f"the libraries of the process cannot be listed: {problem}")
    return Known(tuple(sorted(set(re.findall(r" (/.*)$", maps, re.M)))), _MAPS)


def _images_of_dyld() -> Iterator[str]:
    """Yield what macOS has loaded. Never run by a test of ours: they run on Linux."""
    dyld = ctypes.CDLL(None)
    dyld._dyld_get_image_name.restype = ctypes.c_char_p
    for index in range(dyld._dyld_image_count()):
        yield os.fsdecode(dyld._dyld_get_image_name(index) or b"")


def named(libraries: Fact[tuple[str, ...]], pattern: str) -> list[str]:
    """Return the paths of those libraries whose file name begins so, none when none are known."""
    return [p for p in value_or(libraries, ()) if re.match(pattern, os.path.basename(p))]


def package_of(path: str) -> str:
    """Return the package that a native library belongs to, empty when it cannot be told.

    Wheels have their libraries in a folder of their own, `numpy.libs` or `torch/lib`.
    """
    for part in PurePath(path).parts:
        package = _PACKAGES.get(part.removesuffix(".libs"), part.removesuffix(".libs"))
        if package in sys.modules and getattr(sys.modules[package], "__path__", None):
            return package
    return ""

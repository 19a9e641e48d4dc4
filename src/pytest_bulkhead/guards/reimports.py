"""Why an import of a package with native code has failed: it was the second one.

Its own words do not say so: "function '_has_torch_function' already has a docstring".
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from types import FrameType, TracebackType

from pytest_bulkhead.guards.modules import NATIVE
from pytest_bulkhead.system.natives import loaded_natives, native_packages, top_package
from pytest_bulkhead.system.places import is_of_user


def explain_reimport(problem: BaseException, evicted: Mapping[str, str]) -> str:
    """Return why an exception was raised, if a second import raised it; else empty.

    Args:
        problem: the exception, with its traceback.
        evicted: {package: who took it, or parts of it, out of `sys.modules`}.
    """
    one: BaseException | None = problem
    while one is not None:
        text = _explain(one.__traceback__, evicted)
        if text:
            return text
        one = one.__cause__ or one.__context__
    return ""


def _explain(traceback: TracebackType | None, evicted: Mapping[str, str]) -> str:
    place, reloads = "", False
    for frame, line in _frames(traceback):
        code = frame.f_code
        reloads = reloads or code is importlib.reload.__code__
        package = top_package(str(frame.f_globals.get("__name__")))
        if code.co_name == "<module>" and package in native_packages():
            who = evicted.get(package) or ("this test" if _is_second(package, frame) else "")
            how = f"was taken out of sys.modules by {who}, and imported again"
            how = how if who else "was reloaded" if reloads else ""
            return f"{package} {how} at {place}: {NATIVE}" if how and place else ""
        if is_of_user(code.co_filename):
            place = f"{code.co_filename}:{line}"
    return ""


def _frames(traceback: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    while traceback is not None:
        yield traceback.tb_frame, traceback.tb_lineno
        traceback = traceback.tb_next


def _is_second(package: str, frame: FrameType) -> bool:
    """Whether a package itself is executed, and is not the one whose extensions were loaded."""
    known = [one.package for name, one in loaded_natives().items() if top_package(name) == package]
    ours = frame.f_globals
    return ours["__name__"] == package and not any(vars(one) is ours for one in known)

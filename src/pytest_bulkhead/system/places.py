"""Which line of the user's led to a frame: where to look for who did something."""

from __future__ import annotations

import os
import sys
import sysconfig
from types import FrameType

#: Where Python's own modules are.
_LIBRARIES = tuple(
    {os.path.join(sysconfig.get_path(name), "") for name in ("stdlib", "platstdlib")}
)
#: Ours, which may be installed from a folder elsewhere.
_OURS = os.path.join(os.path.dirname(os.path.dirname(__file__)), "")
_PACKAGES = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))


def importing_place(frame: FrameType | None) -> str:
    """Return which line of the user's is being imported, as `file:line`; empty for none."""
    while frame is not None:
        path = frame.f_code.co_filename
        if frame.f_code.co_name == "<module>" and is_of_user(path):
            return f"{path}:{frame.f_lineno}"
        frame = frame.f_back
    return ""


def is_of_user(path: str) -> bool:
    """Whether a file of code is neither Python's nor of an installed package."""
    own = (*_LIBRARIES, sys.prefix + os.sep + "bin", "<frozen", "<string>")
    return not path.startswith(own) and not _is_of_package(path)


def starting_place(frame: FrameType | None) -> str:
    """Return the innermost line of the user's that led to a frame, as `file:line`.

    Where there is none, that of a package; the standard library only passes on what it was asked,
    and what was no file (`<string>`) is nowhere to look.
    """
    package = ""
    while frame is not None:
        path, line = frame.f_code.co_filename, frame.f_lineno
        if _is_of_package(path):
            package = package or f"{path}:{line}"
        elif not path.startswith((*_LIBRARIES, "<")):
            return f"{path}:{line}"
        frame = frame.f_back
    return package


def call_of_user(frame: FrameType | None) -> str:
    """Return what the user called that led to a frame: `a.py:3 called torch.cuda.init()`.

    Or `a.py:3 imported deepspeed`, where that was done while a package was imported; a name alone
    where no line is the user's.
    """
    called = ""
    while frame is not None:
        path, line = frame.f_code.co_filename, frame.f_lineno
        if _is_of_package(path):
            called = _deed(frame)
        elif not path.startswith((*_LIBRARIES, "<")):
            return f"{path}:{line} {called}" if called else f"{path}:{line}"
        frame = frame.f_back
    return called


def _deed(frame: FrameType) -> str:
    module, function = frame.f_globals.get("__name__", "?"), frame.f_code.co_name
    return f"imported {module}" if function == "<module>" else f"called {module}.{function}()"


def _is_of_package(path: str) -> bool:
    return path.startswith(_OURS) or any(part in path for part in _PACKAGES)

"""What is said of a model that must not be loaded, or is not there: its name, and what to do."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

from pytest_bulkhead.errors import BulkheadError
from pytest_bulkhead.models.substitution import STANDING
from pytest_bulkhead.system.models import cached_model

TRUST_KEY = "isolate_trust_remote_code"

#: Whose frames are on the way from the user's line to us.
_LIBRARIES = ("huggingface_hub", "pytest_bulkhead", "sentence_transformers", "transformers")

_OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
_TRUE = ("1", "on", "true", "yes")


class RemoteCodeForbidden(BulkheadError):
    """A model's own code was to be run, and that is forbidden in this run."""

    __module__ = "pytest_bulkhead.models"


def refuse_code_of(name: str) -> None:
    """Refuse to load a model with its own code, where that is forbidden.

    Raises:
        RemoteCodeForbidden: it is.
    """
    __tracebackhide__ = True
    if not STANDING.trusts:
        raise RemoteCodeForbidden(
            f"{name!r} is loaded with trust_remote_code=True at {_users_line()}, which runs code "
            f"that the model's repository has; the ini key {TRUST_KEY} forbids that\n"
            "hint: load it without, substitute it (isolate_models), or fake it (fake_model)"
        )


def _users_line() -> str:
    frame = sys._getframe(1)
    while frame.f_back and frame.f_globals.get("__name__", "").partition(".")[0] in _LIBRARIES:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}"


@contextlib.contextmanager
def explained(name: object, instead_of: str = "") -> Iterator[None]:
    """Add to an error in loading what is known of it: a model that is not here, and no way to it.

    Args:
        name: of the model that is loaded, or a folder.
        instead_of: the model that was asked for.
    """
    try:
        yield
    except Exception as problem:
        if isinstance(name, str):
            _note(problem, _why_not(name, instead_of))
        raise


def _why_not(name: str, instead_of: str) -> str:
    stands_in = f"it stands in for {instead_of!r} (isolate_models)" if instead_of else ""
    if os.path.isdir(name) or not _is_offline():
        return stands_in and f"{name!r}: {stands_in}"
    cached = cached_model(name)
    if cached.value:
        return stands_in and f"{name!r}: {stands_in}"
    told = f"the model {name!r} is not in {cached.source}, and this run is offline"
    hint = "hint: download it before, or have a smaller one stand in for it (isolate_models)"
    return "\n".join(filter(None, [told, stands_in, hint]))


def _is_offline() -> bool:
    return any(os.environ.get(name, "").lower() in _TRUE for name in _OFFLINE)


def _note(problem: Exception, text: str) -> None:
    """Note it once, by the innermost call: outer ones load the same. As PEP 678, also on 3.10."""
    notes = list(getattr(problem, "__notes__", ()))
    if text and not getattr(problem, "isolate_explained", False):
        problem.__notes__ = [*notes, text]  # type: ignore[attr-defined]
        problem.isolate_explained = True  # type: ignore[attr-defined]

"""Variables of this process: set, and put back as they were."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

Variables = Mapping[str, "str | None"]


def set_variables(wanted: Variables) -> dict[str, str | None]:
    """Set variables, or unset those that are None; return what those that changed were before."""
    before = {name: os.environ.get(name) for name in wanted}
    changed = {name: before[name] for name in wanted if before[name] != wanted[name]}
    for name in changed:
        _set(name, wanted[name])
    if "TZ" in changed:
        time.tzset()  # the C library has read it before
    return changed


def _set(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value

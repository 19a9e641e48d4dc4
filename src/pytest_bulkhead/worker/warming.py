"""What a spare does while it waits: imports the modules that its tests will need."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import warnings
from collections.abc import Sequence


def import_ahead(modules: Sequence[Sequence[str]]) -> None:
    """Import modules; one that fails, or would come from elsewhere than before, is left out.

    Elsewhere: test files put folders of their own in front of `sys.path`, and a module of the same
    name must not take the place of theirs.

    Args:
        modules: (name, file) pairs.
    """
    with warnings.catch_warnings():
        # Collection in the template has shown them.
        warnings.simplefilter("ignore")
        for name, origin in modules:
            # A test file that imports it will raise the same again.
            with contextlib.suppress(Exception):
                if _is_there(name, origin):
                    importlib.import_module(name)


def _is_there(name: str, origin: str) -> bool:
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin == origin

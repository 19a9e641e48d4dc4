"""Sets singletons back: attributes of modules that are loaded, and of nothing else."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any

from pytest_bulkhead.core.guards.resets import Reset


class Resetter:
    """Performs the resets that the user asked for."""

    def __init__(self, resets: Sequence[Reset]) -> None:
        self._resets = list(resets)

    def reset(self) -> list[str]:
        """Set back what can be; return which resets cannot be done, each once.

        A module that is not loaded is no mistake; an attribute that a loaded one lacks is.
        """
        wrong = []
        for reset in list(self._resets):
            try:
                _perform(reset)
            except Exception as problem:  # noqa: BLE001 - attributes may be anybody's code
                self._resets.remove(reset)
                wrong.append(f"{'.'.join(reset.path)} cannot be set back: {problem}")
        return wrong


def _perform(reset: Reset) -> None:
    for module, attributes in reset.splits():
        owner: Any = sys.modules.get(module)
        if owner is not None:
            for name in attributes[:-1]:
                owner = getattr(owner, name)
            # Setting what is not there would hide a name that is spelt wrong.
            getattr(owner, attributes[-1])
            setattr(owner, attributes[-1], reset.value())
            return

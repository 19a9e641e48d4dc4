"""The settings of the process: one object for all, which belongs to whoever configures it first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

LanguageModel = Callable[[str], Awaitable[str]]


def _caller() -> object:
    """Return the task that calls, or the thread where no loop runs."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return threading.current_thread()


class Settings:
    """Read by every agent, in any task; changed by one task or thread alone."""

    def __init__(self) -> None:
        self.lm: LanguageModel | None = None
        #: Seconds that a language model has for its answer.
        self.patience = 30.0
        self._owner: object = None

    def configure(self, **changes: object) -> None:
        """Change settings by name; raise RuntimeError when another task did so before."""
        caller = _caller()
        if self._owner not in (None, caller):
            raise RuntimeError(
                "settings can only be changed by the task that configured them first"
            )
        self._owner = caller
        unknown = set(changes) - {"lm", "patience"}
        if unknown:
            raise TypeError(f"no such setting: {', '.join(sorted(unknown))}")
        vars(self).update(changes)


settings = Settings()

"""`--setup-show` in a worker: what pytest prints of fixtures as they come and go."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.worker.reporter import Mouth


class SetupShowPlugin:
    """Passes on what is written to the worker's terminal, less what the controller writes too."""

    def __init__(self, config: pytest.Config, mouth: Mouth) -> None:
        self._mouth = mouth
        self._reporting = False
        compat.reach_terminal(config, self)

    def write(self, text: str) -> None:
        """Pass on what a fixture's coming or going prints."""
        if not self._reporting:
            self._mouth.say(msg.Live(text, ""))

    def flush(self) -> None:
        """Do nothing: every write is sent at once."""

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Generator[None, Any, Any]:
        return (yield from self._hushed())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        return (yield from self._hushed())

    def _hushed(self) -> Generator[None, Any, Any]:
        self._reporting = True
        try:
            return (yield)
        finally:
            self._reporting = False

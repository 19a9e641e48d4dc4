"""Uncaptured output (`-s`) in a worker: it stands where plain pytest would have it.

The worker and the controller write to the same stdout. So the worker waits, before a test prints
and after each report, until the controller has written what comes before that.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import process
from pytest_bulkhead.worker.inbox import Inbox


class LiveOutputPlugin:
    """Keeps step with the controller."""

    def __init__(self, inbox: Inbox) -> None:
        self._inbox = inbox

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logstart(self) -> None:
        self._inbox.ask(msg.Paused(), msg.GoOn)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Generator[None, Any, Any]:
        process.flush_output()
        result = yield
        self._inbox.ask(msg.Paused(), msg.GoOn)
        return result

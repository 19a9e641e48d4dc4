"""Lends the user's terminal to a debugger in a worker, one worker at a time."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Generator
from typing import Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import files
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.reporter import Mouth


class TerminalPlugin:
    """Takes the terminal when pdb wants it, and gives it back when the test goes on."""

    def __init__(self, config: pytest.Config, mouth: Mouth, inbox: Inbox) -> None:
        self._config = config
        self._mouth = mouth
        self._inbox = inbox
        self._kept: list[tuple[int, int]] = []
        self._writer: Any = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_exception_interact(self) -> Generator[None, Any, Any]:
        # --pdb prints the failure before it enters the debugger, so the terminal is needed here.
        if not self._config.getoption("usepdb", False):
            return (yield)
        self._take()
        try:
            return (yield)
        finally:
            self._give_back()

    @pytest.hookimpl(tryfirst=True)
    def pytest_enter_pdb(self) -> None:
        self._take()

    @pytest.hookimpl(trylast=True)
    def pytest_leave_pdb(self) -> None:
        self._give_back()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, Any]:
        self._give_back()  # a debugger that was left by an exception calls no hook
        return (yield)

    def _take(self) -> None:
        if self._kept:
            return
        self._inbox.ask(msg.TerminalWanted(), msg.TerminalGranted)
        self._redirect()

    def _redirect(self) -> None:
        stdin, stdout = files.original_stdio()
        sources = {0: stdin, 1: stdout, 2: stdout}
        saved = compat.saved_stdio(self._config)
        for number, fd in [*((n, n) for n in range(3)), *saved]:
            self._kept.append((os.dup(fd), fd))
            os.dup2(sources[number], fd)
        self._writer = compat.reach_terminal(self._config, os.fdopen(os.dup(1), "w", buffering=1))

    def _give_back(self) -> None:
        if not self._kept:
            return
        with contextlib.suppress(OSError, ValueError):
            sys.__stdout__.flush()  # type: ignore[union-attr]
        compat.reach_terminal(self._config, self._writer)
        for kept, fd in self._kept:
            os.dup2(kept, fd)
            os.close(kept)
        self._kept.clear()
        self._mouth.say(msg.TerminalReturned())

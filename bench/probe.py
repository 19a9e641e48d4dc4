"""A pytest plugin, `-p bench.probe`: looks at the controller from inside and writes what it saw.

With BENCH_PROBE=cpu it takes the CPU time of the controller's loop, and of the three hooks by which
pytest itself hears of a test. With BENCH_PROBE=memory it traces allocations, and tells what is left
once pytest's own reports are dropped. It does nothing in workers.
"""

from __future__ import annotations

import gc
import json
import os
import resource
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest


class _Cpu:
    """CPU seconds of the loop, and of pytest's own three hooks in it."""

    def __init__(self) -> None:
        self.loop = self.hooks = 0.0
        self.reports = 0

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtestloop(self) -> Any:
        began = time.thread_time()
        try:
            return (yield)
        finally:
            self.loop = time.thread_time() - began

    def _timed(self) -> Any:
        began = time.thread_time()
        try:
            return (yield)
        finally:
            self.hooks += time.thread_time() - began

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logstart(self) -> Any:
        return (yield from self._timed())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Any:
        self.reports += 1
        return (yield from self._timed())

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logfinish(self) -> Any:
        return (yield from self._timed())

    def pytest_unconfigure(self) -> None:
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        _write(loop=self.loop, hooks=self.hooks, reports=self.reports, peak_kib=peak)


class _Memory:
    """Bytes allocated since the session's start, at the last report, in and beyond reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.left = int(os.environ["BENCH_REPORTS"])

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self) -> None:
        gc.collect()
        tracemalloc.start()

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_logreport(self) -> Any:
        result = yield
        self.left -= 1
        if not self.left:
            self._look()
        return result

    def _look(self) -> None:
        gc.collect()
        everything, _ = tracemalloc.get_traced_memory()
        # What pytest keeps of each test, in a plain run too: its reports, and its id for `--nf`.
        terminal = self.config.pluginmanager.getplugin("terminalreporter")
        terminal.stats.clear()
        terminal._progress_nodeids_reported.clear()
        newfirst = self.config.pluginmanager.getplugin("nfplugin")
        newfirst.cached_nodeids.clear()
        gc.collect()
        beyond, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        _write(everything=everything, beyond=beyond)


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        kind = os.environ["BENCH_PROBE"]
        config.pluginmanager.register(_Cpu() if kind == "cpu" else _Memory(config), "bench")


def _write(**seen: float) -> None:
    Path("probe.json").write_text(json.dumps(seen))

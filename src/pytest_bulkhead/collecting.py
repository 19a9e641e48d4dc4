"""Collection in a process of the run: every node is noted before it is collected.

What killed a process while it was collected is refused in every later one.
"""

from __future__ import annotations

from collections.abc import Generator

import pytest

from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.system import accelerators, clock
from pytest_bulkhead.system.page import Page


class CollectGuardPlugin:
    """Notes nodes in the black box, and refuses those that ended an earlier process.

    Refusing must come before pytest's own implementation, not around it: that loads the conftest
    of a folder before it asks the folder's node for anything.
    """

    def __init__(self, page: Page, doomed: dict[str, str]) -> None:
        self._page = page
        self._doomed = doomed

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> pytest.CollectReport | None:
        """Refuse a doomed node; let pytest collect any other."""
        why = self._doomed.get(collector.nodeid)
        if why is not None:
            text = _refusal(collector, why)
            return pytest.CollectReport(collector.nodeid, "failed", text, [])
        self._page.write(Blame(Phase.COLLECTING, -1, collector.nodeid, clock.monotonic()))
        return None

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection_modifyitems(self) -> None:
        """Note that all is collected: what a hook does to the process now is no file's fault."""
        self._page.write(Blame(Phase.COLLECTING, since=clock.monotonic()))


class ExitGuardPlugin:
    """Makes `sys.exit` in a file that is imported an error of that file.

    Plain pytest ends there, with whatever exit status the file wished.
    """

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Turn the wish to exit into a failed report."""
        try:
            return (yield)
        except SystemExit:
            excinfo = pytest.ExceptionInfo.from_current()
            text = str(excinfo.getrepr(style="short"))
            return pytest.CollectReport(collector.nodeid, "failed", text, [])


class AcceleratorWatchPlugin:
    """Notes with which file an accelerator came into use, where nobody saw the call."""

    def __init__(self) -> None:
        self._in_use = False

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self) -> None:
        """Look before the first file."""
        self._look("since a conftest or plugin was loaded, before any file was collected")

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_make_collect_report(
        self, collector: pytest.Collector
    ) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
        """Look after each file, folder and class."""
        report = yield
        self._look(f"since {collector.nodeid or 'the conftest'} was collected")
        return report

    def _look(self, blamed: str) -> None:
        if not self._in_use:
            self._in_use = accelerators.is_cuda_in_use()
            if self._in_use:
                accelerators.blame(blamed)


def _refusal(collector: pytest.Collector, why: str) -> str:
    end, _newline, stacks = why.partition("\n")
    folder = isinstance(collector, pytest.Directory)
    what = f"{collector.nodeid}/conftest.py" if folder else collector.nodeid
    return (
        f"crashed with {end} while {what} was imported\n"
        "the process that collected it died; it was not imported again, and none of its tests ran\n"
        f"{stacks}"
    )

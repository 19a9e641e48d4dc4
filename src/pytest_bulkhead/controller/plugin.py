"""The controller's hooks. Takes the place of pytest's own collection and test loop, nothing else.

Light on imports, as `orders`: the run itself (`voyage`) is imported while the template collects.
"""

from __future__ import annotations

import gc
import uuid
from typing import TYPE_CHECKING, Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.controller.launch import Keep
from pytest_bulkhead.controller.orders import Orders
from pytest_bulkhead.core.start.proof import warn_of_held
from pytest_bulkhead.settings import Settings
from pytest_bulkhead.system.accelerators import accelerators_in_use, is_cuda_in_use
from pytest_bulkhead.system.notes import remove_notes

if TYPE_CHECKING:
    from pytest_bulkhead.controller.voyage import Voyage


class ControllerPlugin:
    """The pytest that the user started, with its tests elsewhere."""

    def __init__(
        self, config: pytest.Config, settings: Settings, keep: Keep, path: list[str]
    ) -> None:
        self._config = config
        self._settings = settings
        self._keep = keep
        self._path = path
        self._uid = config.getoption("testrunuid", None) or uuid.uuid4().hex
        self._voyage: Voyage | None = None

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        config, settings, keep = self._config, self._settings, self._keep
        orders = Orders(config, settings, keep, self._path, self._uid)
        craft, berth = orders.build(-1)
        orders.introduce(craft, 0)
        orders.order_template(craft, berth, [])
        berth.close()
        with compat.unhooked_imports():
            from pytest_bulkhead.controller.voyage import Voyage  # noqa: PLC0415 - see above

        voyage = Voyage(session, settings, keep, self._uid)
        voyage.cast_off(orders, craft)
        self._voyage = voyage

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> bool:
        self._under_way().collect(session)
        self._warn_of_held()
        return True

    def _warn_of_held(self) -> None:
        """Say so if this process, in which no test runs, holds a device."""
        told = warn_of_held(accelerators_in_use()) if is_cuda_in_use() else ""
        reporter: Any = self._config.pluginmanager.getplugin("terminalreporter")
        if told and reporter is not None:
            reporter.write_line(f"isolate: {told}", yellow=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._under_way().run_tests(session)
        return True

    def _under_way(self) -> Voyage:
        assert self._voyage is not None, "the session has started"
        return self._voyage

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Any:  # noqa: ANN401 - a generator hook
        # Plugins may ask the collector who refers to what, and what is frozen it does not tell.
        gc.unfreeze()
        result = yield
        if self._voyage is not None:
            self._voyage.save_durations()
        self.pytest_unconfigure()
        # pytest looks for unraisable exceptions in garbage now, which tests may have left; none
        # ran here, and without this that search costs a fifth of a short run.
        gc.freeze()
        return result

    def pytest_unconfigure(self) -> None:
        if self._voyage is not None:
            self._voyage.close()
            self._voyage = None
            remove_notes(self._uid)
        self._keep.release()

    @pytest.hookimpl(tryfirst=True)
    def pytest_report_teststatus(self, report: Any) -> Any:  # noqa: ANN401 - of any plugin
        if not hasattr(report, "isolate_end"):
            return None
        from pytest_bulkhead.report.terminal import status_of  # noqa: PLC0415 - see above

        return status_of(report)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:  # noqa: ANN401
        if self._voyage is not None:
            self._voyage.write_summary(terminalreporter)

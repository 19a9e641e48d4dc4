"""The watch's part in a pytest run: what was being done meanwhile, and to whom it is told.

The same in every process of a run, with isolation or without. What was paid is told when the
occasion is over, by whoever the process has to speak to; until there is somebody, it is kept.

No hook here is around a test's own: a frame of ours would be in each traceback.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from pytest_bulkhead.core.doctor.imports import Bill, Occasion, Paid, read_imported
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.imports import NAME
from pytest_bulkhead.imports.clashes import Clashes
from pytest_bulkhead.imports.watch import Watch
from pytest_bulkhead.protocol import messages as msg

Say = Callable[[msg.Message], object]


def watch_imports(config: pytest.Config) -> ImportsPlugin:
    """Watch what is imported from now on, until the run is over."""
    watch = Watch()
    config.add_cleanup(watch.start())
    plugin = ImportsPlugin(watch)
    config.pluginmanager.register(plugin, NAME)
    return plugin


class ImportsPlugin:
    """Knows on which occasion something is imported."""

    def __init__(self, watch: Watch) -> None:
        self._watch = watch
        self._say: Say | None = None
        #: What was paid while there was nobody to tell.
        self._untold: list[msg.Message] = []
        self._clashes = Clashes()
        #: In the process that the user started: all that any process has told.
        self.bill = Bill()

    def tell_by(self, say: Say) -> None:
        """Tell from now on, and what was kept until now."""
        self._say = say
        self._tell()

    def hear(self, message: msg.Message) -> None:
        """Enter what was told, by this process or another, in the bill.

        Raises:
            ProtocolError: it cannot be told so.
        """
        if isinstance(message, msg.Imported):
            self.bill.add(*_read(message))
        elif isinstance(message, msg.Clashed):
            self.bill.note_clashes(message.texts)

    def _tell(self) -> None:
        paid, occasion = self._watch.take(), self._watch.occasion
        if paid:
            rows = [list(one) for one in paid]
            self._untold.append(msg.Imported(int(occasion.phase), occasion.subject, rows))
        if self._say is not None:
            untold, self._untold = self._untold, []
            for message in untold:
                self._say(message)

    def _look(self) -> None:
        """Look what clashes, to be told of next."""
        texts = self._clashes.look()
        if texts:
            self._untold.append(msg.Clashed(texts))

    def _enter(self, phase: Phase, subject: str = "") -> None:
        self._tell()
        self._watch.occasion = Occasion(phase, subject)

    # -- collection ----------------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_make_collect_report(self, collector: pytest.Collector) -> None:
        """Note which file or folder is collected."""
        self._enter(Phase.COLLECTING, collector.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_collectreport(self) -> None:
        """Note that none is."""
        self._enter(Phase.COLLECTING)

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self) -> None:
        """Note that all are."""
        self._look()
        self._enter(Phase.BETWEEN)

    # -- tests ---------------------------------------------------------------------------------

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, Any]:
        """Note the end of a test."""
        try:
            return (yield)
        finally:
            self._enter(Phase.BETWEEN)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note which test is set up."""
        self._enter(Phase.SETUP, item.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_call(self, item: pytest.Item) -> None:
        """Note which test runs."""
        self._enter(Phase.CALL, item.nodeid)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> None:
        """Note which test is torn down."""
        self._enter(Phase.TEARDOWN, item.nodeid)

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionfinish(self) -> Generator[None, Any, Any]:
        """Tell the rest, before a worker says its last word."""
        self._enter(Phase.FINISHING)
        try:
            return (yield)
        finally:
            self._look()
            self._tell()


def _read(message: msg.Imported) -> tuple[Occasion, list[Paid]]:
    try:
        return read_imported(*message)
    except (TypeError, ValueError) as problem:
        raise ProtocolError(f"nothing is imported so: {problem}") from None

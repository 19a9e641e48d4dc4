"""What a worker tells: every report that is logged in it, serialised by pytest's own two hooks."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest

from pytest_bulkhead.core.ends import LOST_CHANNEL
from pytest_bulkhead.core.resources.gpu_failures import read_failure
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.protocol.values import to_plain
from pytest_bulkhead.recorder import record_warning
from pytest_bulkhead.system import leaving
from pytest_bulkhead.system.endpoint import Endpoint
from pytest_bulkhead.system.process import own_pid


class Mouth:
    """The worker's end of its channel; speaks only in the process that it was made in.

    A child that a test forked and that escaped back into pytest would report the rest of the suite
    a second time: it leaves at its first word.
    """

    def __init__(self) -> None:
        self._endpoint: Endpoint | None = None
        self._pid = 0

    def connect(self, endpoint: Endpoint) -> None:
        """Begin to speak: from here on this process is the worker."""
        self._endpoint, self._pid = endpoint, own_pid()

    @property
    def connected(self) -> bool:
        """Whether there is somebody to speak to; a template has nobody."""
        return self._endpoint is not None

    def say(self, message: msg.Message) -> None:
        """Send a message; a process that cannot is no worker any more and leaves."""
        if self._endpoint is None:
            return
        if own_pid() != self._pid:
            os._exit(LOST_CHANNEL)
        try:
            self._endpoint.send(message)
        except OSError:
            # The test closed our descriptor. What it does from here nobody would hear, and tests
            # that nobody hears must not run on.
            leaving.exit_process(LOST_CHANNEL)


class ReporterPlugin:
    """Sends reports and warnings.

    Last in line, for the terminal reporter changes reports: with subtests, a parent that passed is
    failed in `pytest_report_teststatus`.
    """

    def __init__(self, config: pytest.Config, mouth: Mouth, pause: Callable[[], object]) -> None:
        self._config = config
        #: Waits until the controller has worked off what was said.
        self._pause = pause
        self.mouth = mouth
        #: The item in hand.
        self.item = -1
        #: {item: seconds} for which a stage has set up what the test was the first to need.
        self.prelude: dict[int, float] = {}
        #: A report of the test in hand was a failure.
        self.failed = False
        self._told_of = -1
        self._told: dict[str, Any] = {}

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed
        if self.prelude and report.when == "setup":
            report.duration += self.prelude.pop(self.item, 0.0)
        self.send(report)

    def send(self, report: pytest.TestReport) -> None:
        """Send a report of the item in hand."""
        at_gpu = report.failed and _note_gpu_failure(report)
        data = serialise(self._config, report)
        if type(data) is dict:
            self._leave_out_known(data)
        self.mouth.say(msg.Reported(self.item, data))
        if at_gpu and self.mouth.connected:
            self._pause()  # who holds the card may be ours, and must not end before it is seen

    def _leave_out_known(self, data: dict[str, Any]) -> None:
        """Leave out what an earlier report of the same test has told: half of what there is."""
        if self._told_of != self.item:
            self._told_of, self._told = self.item, {}
        told = self._told
        for key in msg.TOLD_ONCE:
            if key in data:
                if key in told and told[key] == data[key]:
                    del data[key]
                else:
                    told[key] = data[key]

    @pytest.hookimpl(trylast=True)
    def pytest_warning_recorded(
        self,
        warning_message: Any,  # noqa: ANN401 - warnings.WarningMessage, private in typeshed
        when: str,
        nodeid: str,
        location: tuple[str, int, str] | None,
    ) -> None:
        self.mouth.say(record_warning(warning_message, when, nodeid, location))

    def pytest_internalerror(self, excrepr: object) -> None:
        self.mouth.say(msg.Refused("internal", str(excrepr), 3))


def _note_gpu_failure(report: pytest.TestReport) -> bool:
    """Note in a report, for the controller, what only this process knows of a failure at a GPU.

    Returns:
        Whether it is one.
    """
    captured = (text for _title, text in report.sections)
    failure = read_failure("\n".join([report.longreprtext, *captured]))
    if failure is None:
        return False
    from pytest_bulkhead.system import accelerators, torch_calls  # noqa: PLC0415 - rare

    in_use = accelerators.is_cuda_in_use()
    failure = failure._replace(in_use=in_use, asked=torch_calls.first_call())
    # pytest sends every attribute of a report.
    report.bulkhead_gpu_failure = list(failure)  # type: ignore[attr-defined]
    return True


def serialise(config: pytest.Config, report: pytest.TestReport) -> msg.Plain:
    """Return a report as it travels."""
    return to_plain(config.hook.pytest_report_to_serializable(config=config, report=report))


class LiveLog:
    """What the handler of `log_cli` writes to in a worker: the controller's terminal, in effect."""

    def __init__(self, mouth: Mouth) -> None:
        self._mouth = mouth

    def write(self, text: str, **_markup: bool) -> None:
        """Pass text on."""
        self._mouth.say(msg.Live(text, ""))

    def section(self, title: str, sep: str = "=", **_markup: bool) -> None:
        """Pass a headline on."""
        self._mouth.say(msg.Live(title, sep))

    def flush(self) -> None:
        """Do nothing: every write is sent at once."""

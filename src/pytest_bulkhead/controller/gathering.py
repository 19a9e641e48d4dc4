"""What a template says of its collection, once, however many templates there are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.core import events as ev
from pytest_bulkhead.core.item import Item, Scopes
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.core.resources.capacity import read_capacity
from pytest_bulkhead.core.resources.needs import read_needs
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.recorder import restore_warning


class Gathering:
    """Takes in what was collected, and the warnings of any process."""

    def __init__(self, bridge: Bridge, feed: Callable[[ev.Event], None]) -> None:
        self._bridge = bridge
        self._feed = feed
        self._hook = bridge.config.hook

    def on_collect_reported(self, _craft: Craft, message: msg.CollectReported) -> None:
        """Hand the report of a node to pytest."""
        report = self._bridge.restore_report(message.report)
        if getattr(report, "bulkhead_bare", False):
            report.longrepr = compat.bare_collect_error(report.longrepr)
        if self._is_news(report.nodeid):
            self._hook.pytest_collectreport(report=report)

    def _is_news(self, told: object, *, of_stage: bool = False) -> bool:
        """Whether no template has told this before; one that is started again tells it all.

        Only the stage of the session has news after the collection; what it tries again, too.
        """
        new = (of_stage or not self._bridge.collected) and told not in self._bridge.told
        self._bridge.told.add(told)
        return new

    def on_gathered(self, craft: Craft, message: msg.Gathered) -> None:
        """Take in the items."""
        bridge = self._bridge
        items = tuple(_read_item(number, row) for number, row in enumerate(message.items))
        if not bridge.collected:
            bridge.collected, bridge.lines = True, message.lines
            bridge.deselected, bridge.common = message.deselected, message.common
            bridge.locations = [tuple(place) for place in message.locations]
            bridge.durations.extend([0.0] * len(items))
            bridge.begun.extend([0.0] * len(items))
            why = self._why_not_run(message.why_spawn)
            if why:
                self._feed(ev.StopAsked(why))  # before the run, hearing of tests, starts a worker
        capacity = read_capacity(message.capacity)
        self._feed(
            ev.Collected(-craft.process, items, message.why_spawn, message.id_read, capacity)
        )

    def _why_not_run(self, why_spawn: str) -> str:
        """Return why no test is to be run although there are some; empty for no reason."""
        bridge, session = self._bridge, self._bridge.session
        if session is None:
            return ""
        if bridge.settings.start == "fork" and why_spawn:
            bridge.verdict.usage = (
                f"isolate_start = fork, but this suite cannot be forked: {why_spawn}\n"
                "hint: write isolate_start = auto to have such suites spawned"
            )
            return "forking is not safe"
        go_on = bridge.config.getoption("continue_on_collection_errors")
        if session.testsfailed and not go_on:
            return "errors during collection"
        return str(session.shouldfail or session.shouldstop or "")

    def on_recorded(self, craft: Craft, message: msg.Recorded) -> None:
        """Hand a warning to pytest."""
        # What was warned of in `pytest_configure`, the controller's own has warned of.
        of_stage = message.when == "runtest"
        if craft.is_template and (
            message.when == "config" or not self._is_news(str(message), of_stage=of_stage)
        ):
            return
        self._hook.pytest_warning_recorded.call_historic(
            kwargs={
                "warning_message": restore_warning(message),
                "when": message.when,
                "nodeid": message.nodeid,
                "location": message.location,
            }
        )


def _read_item(number: int, row: list[Any]) -> Item:
    nodeid, package, module, cls, level, group, timeout, needs = row
    return Item(
        number, nodeid, Scopes(package, module, cls), Level(level), group or None,
        None if timeout < 0 else timeout, read_needs(needs),
    )  # fmt: skip

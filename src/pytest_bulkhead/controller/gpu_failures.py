"""Adds to the report of a test that has failed at a GPU who was in its way.

Asks NVML and /proc, in runs only in which a test fails so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.controller.bridge import Bridge
from pytest_bulkhead.controller.fleet import Craft
from pytest_bulkhead.core.known import Fact, Known, value_or
from pytest_bulkhead.core.resources.devices import Devices
from pytest_bulkhead.core.resources.gpu_failures import (
    GpuFailure,
    Owner,
    Whose,
    explain_busy,
    explain_forked,
)
from pytest_bulkhead.errors import ProtocolError
from pytest_bulkhead.system import linux, nvml

_TITLE = "isolate: GPU"


def add_explanation(bridge: Bridge, craft: Craft, report: pytest.TestReport) -> None:
    """Say in a report why the GPU could not be used.

    Raises:
        ProtocolError: what the worker has noted is nothing of ours.
    """
    try:
        failure = GpuFailure(*report.bulkhead_gpu_failure)
    except TypeError as problem:
        raise ProtocolError(f"what a report has of a GPU is none: {problem}") from problem
    text = explain_forked(failure) if failure.forked else _explain_busy(bridge, craft)
    compat.add_section(report, _TITLE, text)


def _explain_busy(bridge: Bridge, craft: Craft) -> str:
    cards = _cards_of(bridge, craft)
    return explain_busy(cards, _owners(bridge, craft, [one.uuid for one in value_or(cards, ())]))


def _cards_of(bridge: Bridge, craft: Craft) -> Fact[Devices]:
    """Return the cards that a worker was granted, or else all that this run may use."""
    grants, devices = bridge.run.roster.grants, nvml.usable_devices()
    numbers = grants.of(craft.process).cards
    if grants.capacity is None or not numbers or not isinstance(devices, Known):
        return devices
    granted = {grants.capacity.cards[number].uuid for number in numbers}
    known = tuple(device for device in devices.value if device.uuid in granted)
    return Known(known, devices.source) if known else devices


def _owners(bridge: Bridge, craft: Craft, uuids: Iterable[str]) -> Iterator[Owner]:
    for uuid, look in nvml.look_at(uuids).items():
        for pid in look.processes:
            command = linux.command_of(pid)
            whose, test = _whose(bridge, craft, pid) if command else (Whose.UNKNOWN, "")
            yield Owner(uuid, pid, command, whose, test)


def _whose(bridge: Bridge, craft: Craft, pid: int) -> tuple[Whose, str]:
    """Return whose a process is, and which test it runs.

    What is below a template is a worker or below one, so that is looked for last.
    """
    if pid == os.getpid():
        return Whose.CONTROLLER, ""
    if linux.is_below(pid, craft.pid):
        return Whose.OWN, ""
    crafts = sorted(bridge.fleet, key=lambda one: one.is_template)
    for one in crafts:
        if one.pid and linux.is_below(pid, one.pid):
            return (Whose.TEMPLATE, "") if one.is_template else (Whose.TEST, _test_of(bridge, one))
    return (Whose.LEFT if linux.is_below(pid, bridge.keep.pid) else Whose.STRANGER), ""


def _test_of(bridge: Bridge, craft: Craft) -> str:
    worker = bridge.run.workers.get(craft.process)
    if worker is None or worker.item is None:
        return ""
    return bridge.run.items[worker.item].nodeid

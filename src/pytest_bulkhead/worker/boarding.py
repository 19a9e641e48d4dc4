"""How a process becomes a worker: who it is, where its output goes, who watches it."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from pytest_bulkhead import compat, identity
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import faults, files, leaving
from pytest_bulkhead.system.berth import Berth, Cabin
from pytest_bulkhead.worker.flight import FlightPlugin
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.main import WorkerPlugin
from pytest_bulkhead.worker.reporter import LiveLog, Mouth, ReporterPlugin
from pytest_bulkhead.worker.terminal import TerminalPlugin


def embark(session: pytest.Session, order: msg.Fork, berth: Berth) -> bool:
    """Be the worker that was just forked from the template, until its session ends."""
    config = session.config
    leaving.forget_exit_functions()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    identity.introduce(config, order.workerinput)
    identity.export_identity(order.workerinput)
    cabin = berth.raised().open()
    compat.capture_into(config, cabin.out, cabin.err)
    faults.write_faults_to(cabin.faults)
    worker = enlist(config, cabin, order.doomed, [])
    return worker.run(session, session.items)


def enlist(
    config: pytest.Config, cabin: Cabin, doomed: list[list[str]], later: list[msg.Message]
) -> WorkerPlugin:
    """Register the plugins of a worker, and greet the controller."""
    mouth = Mouth(cabin.endpoint)
    inbox = Inbox(cabin.endpoint, mouth)
    inbox.put(later)
    reporter = ReporterPlugin(config, mouth)
    flight = FlightPlugin(cabin.page, {subject: why for subject, why in doomed})  # noqa: C416 - JSON
    worker = WorkerPlugin(config, inbox, flight, reporter)
    flight.interrupted = worker.stop_asked
    terminal = TerminalPlugin(config, mouth, inbox)
    for plugin in (reporter, flight, worker, terminal):
        config.pluginmanager.register(plugin, f"bulkhead-{type(plugin).__name__}")
    compat.ask_for_basetemp(
        config, lambda: inbox.ask(msg.BasetempWanted(), msg.BasetempGranted).path
    )
    compat.relay_live_log(config, LiveLog(mouth))
    mouth.say(msg.Hello(os.getpid(), msg.PROTOCOL_VERSION))
    return worker


class SpawnedWorkerPlugin:
    """A worker in an interpreter of its own: collects by itself, then runs what it is told."""

    def __init__(self, welcome: msg.Welcome, cabin: Cabin, later: list[msg.Message]) -> None:
        self._welcome = welcome
        self._cabin = cabin
        self._later = later

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        compat.silence_terminal(session.config)
        # pytest's own faulthandler plugin has just pointed it at stderr.
        faults.write_faults_to(self._cabin.faults)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        doomed = self._welcome.doomed
        worker = enlist(session.config, self._cabin, doomed, self._later)
        items = _match(session.items, self._welcome.names)
        missing = [name for number, (name, _) in self._welcome.names.items() if number not in items]
        if missing:
            text = f"a spawned worker did not collect {missing[0]!r}, which the template did"
            self._cabin.endpoint.send(msg.Refused("collection", text, len(missing)))
            raise pytest.exit.Exception(text, 1)
        return worker.run(session, items)


def _match(items: list[pytest.Item], names: dict[int, list[Any]]) -> dict[int, pytest.Item]:
    """Return {the controller's number: our item}, for node ids may occur more than once."""
    collected: dict[tuple[str, int], pytest.Item] = {}
    copies: dict[str, int] = {}
    for item in items:
        copies[item.nodeid] = copies.get(item.nodeid, -1) + 1
        collected[item.nodeid, copies[item.nodeid]] = item
    return {
        number: collected[nodeid, copy]
        for number, (nodeid, copy) in names.items()
        if (nodeid, copy) in collected
    }


def set_stdio_aside(config: pytest.Config) -> None:
    """Take stdin, and stdout unless the user wants it live, from a template or worker."""
    live = config.getoption("capture", "fd") in ("no", "tee-sys")
    files.set_stdio_aside(dict(compat.saved_stdio(config)).get(0, 0), stdout=not live)
    compat.silence_saved_stdio(config, stdout=not live)

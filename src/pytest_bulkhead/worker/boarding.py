"""How a process becomes a worker: who it is, where its output goes, who watches it."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pytest_bulkhead import compat, identity
from pytest_bulkhead.core.levels import Level
from pytest_bulkhead.guards.asked import read_asked
from pytest_bulkhead.imports import tell_imports
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.quiet import is_live
from pytest_bulkhead.system import faults, leaving, process, streams
from pytest_bulkhead.system.berth import Berth, Cabin
from pytest_bulkhead.system.torch_pool import renew_torch_pool
from pytest_bulkhead.worker.child import Brood
from pytest_bulkhead.worker.flight import FlightPlugin
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.junit import JunitPlugin
from pytest_bulkhead.worker.live_output import LiveOutputPlugin
from pytest_bulkhead.worker.main import WorkerPlugin
from pytest_bulkhead.worker.needs import Needs
from pytest_bulkhead.worker.orders import Orders
from pytest_bulkhead.worker.reporter import LiveLog, Mouth, ReporterPlugin
from pytest_bulkhead.worker.runner import Runner
from pytest_bulkhead.worker.setup_show import SetupShowPlugin
from pytest_bulkhead.worker.sharing import SessionStage
from pytest_bulkhead.worker.stage import Stage
from pytest_bulkhead.worker.standing import Standing
from pytest_bulkhead.worker.terminal import TerminalPlugin

#: What a forked worker runs: given its orders and its berth, it returns what
#: `pytest_runtestloop` returns.
Embark = Callable[[msg.Fork, Berth], bool]


class Gear:
    """What makes a session a worker's: plugins that stand ready and do nothing until `board`.

    They are registered in the template, once: registering four plugins in each fork took 2.2 ms
    and a quarter of its page faults.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._mouth = Mouth()
        self._inbox = Inbox(self._mouth)
        self._flight = FlightPlugin()
        pause = functools.partial(self._inbox.ask, msg.Paused(), msg.GoOn)
        reporter = ReporterPlugin(config, self._mouth, pause)
        orders = Orders(self._inbox, self._flight.condemn)
        runner = Runner(config, self._inbox, self._flight, reporter)
        self._runner, self._standing = runner, Standing(reporter, runner)
        self.stage = Stage(self._inbox, self._mouth, orders, runner, self._standing)
        self.worker = WorkerPlugin(config, self._mouth, orders, runner, self.stage)
        terminal = TerminalPlugin(config, self._mouth, self._inbox)
        for plugin in (reporter, self._flight, self.worker, terminal, *self._wanted()):
            config.pluginmanager.register(plugin, f"bulkhead-{type(plugin).__name__}")
        compat.forgo_summary(config)
        compat.ask_for_basetemp(config, self._ask_for_basetemp)
        #: How the stage of the session asks, which is no worker.
        self.ask_template: Callable[[], str] = str
        compat.relay_live_log(config, LiveLog(self._mouth))

    def _wanted(self) -> Iterator[object]:
        """Yield the plugins that some runs do without."""
        asked = read_asked(self._config.getini)
        if not asked.idle:
            with compat.unhooked_imports():
                from pytest_bulkhead.worker.guarding import GuardPlugin  # noqa: PLC0415 - see asked

            yield GuardPlugin(self._config, asked, self._mouth, self._flight)
        if self._config.getoption("xmlpath", None):
            yield JunitPlugin(self._config)
        if is_live(self._config):
            yield LiveOutputPlugin(self._inbox)
        if self._config.getoption("setupshow", False):
            yield SetupShowPlugin(self._config, self._mouth)

    def _ask_for_basetemp(self) -> str:
        if not self._mouth.connected:
            return self.ask_template()
        return self._inbox.ask(msg.BasetempWanted(), msg.BasetempGranted).path

    def board(
        self, cabin: Cabin, order: msg.Fork | msg.Welcome, earlier: list[msg.Message]
    ) -> None:
        """Become the worker of this cabin, and greet the controller."""
        staged = isinstance(order, msg.Fork) and bool(order.staged)
        self._flight.interrupted = self.stage.stop_asked
        self._mouth.connect(cabin.line if staged else cabin.endpoint)
        self._inbox.connect(cabin.endpoint, cabin.line if staged else cabin.endpoint, earlier)
        self._flight.open(cabin.page, {subject: why for subject, why in order.doomed})  # noqa: C416 - JSON
        self._mouth.say(msg.Hello(os.getpid(), msg.PROTOCOL_VERSION))
        tell_imports(self._config, self._mouth.say)

    def session_stage(self, session: pytest.Session, cabin: Cabin) -> SessionStage:
        """Return what the stage of the session does, with the black box of the template."""
        self._flight.open(cabin.page, {})
        unstaged = self._config.getini("isolate_unstaged")
        stage = SessionStage(session, self._standing, unstaged, cabin.faults)
        self._flight.interrupted = lambda: stage.interrupted
        return stage

    def disown(self, session: pytest.Session) -> None:
        """Leave what stands to the process that we were forked from."""
        self._standing.disown(session)

    def set_stage(
        self, session: pytest.Session, cabin: Cabin, order: msg.Fork, keeper: int
    ) -> None:
        """Become a staged worker: what it lives with besides."""
        self._standing.watch(self._config)
        needs = Needs(Level[order.staged.upper()], self._config.getini("isolate_unstaged"))
        brood = Brood(session, cabin, self._standing, self._runner, self._mouth)
        brood.seed, brood.keeper = order.seed, keeper
        brood.ahead = order.workerinput["workercount"] < process.usable_cores()
        self.stage.board(cabin, needs, brood)


def prepare(
    session: pytest.Session, cabin: Cabin, ask: Callable[[], str]
) -> tuple[Embark, SessionStage]:
    """Make ready, in the template, what every worker needs; return what workers then do.

    Args:
        session: the template's.
        cabin: what the template lives with.
        ask: asks, as the template, for the folder of tmp_path.
    """
    streams.load_streams()
    gear = Gear(session.config)
    gear.ask_template = ask
    embark = functools.partial(_embark, session, gear, os.getppid())
    return embark, gear.session_stage(session, cabin)


def _embark(
    session: pytest.Session, gear: Gear, keeper: int, order: msg.Fork, berth: Berth
) -> bool:
    """Be the worker that was just forked from the template, until its session ends."""
    config = session.config
    leaving.forget_exit_functions()
    renew_torch_pool()
    signal.signal(signal.SIGINT, signal.default_int_handler)
    identity.introduce(config, order.workerinput)
    identity.export_identity(order.workerinput)
    os.environ.update(order.environ)
    compat.renew_connections(config)
    cabin = berth.raised().open()
    compat.capture_into(config, cabin.out, cabin.err)
    faults.write_faults_to(cabin.faults)
    streams.settle_streams(order.seed)
    gear.board(cabin, order, [])
    gear.disown(session)
    if order.staged:
        gear.set_stage(session, cabin, order, keeper)
    return gear.worker.run(session, session.items)


class SpawnedWorkerPlugin:
    """A worker in an interpreter of its own: collects by itself, then runs what it is told."""

    def __init__(self, welcome: msg.Welcome, cabin: Cabin, later: list[msg.Message]) -> None:
        self._welcome = welcome
        self._cabin = cabin
        self._later = later
        #: What the user named.
        self._args: list[str] = []

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        compat.silence_terminal(session.config)
        # pytest's own faulthandler plugin has just pointed it at stderr.
        faults.write_faults_to(self._cabin.faults)
        # And takes it back before the interpreter is finalised, where that is to be seen.
        session.config.add_cleanup(functools.partial(faults.write_faults_to, self._cabin.faults))

    @pytest.hookimpl(tryfirst=True)
    def pytest_collection(self, session: pytest.Session) -> None:
        """Collect the files of our tests alone: collecting them all takes seconds."""
        self._args = session.config.args
        files = _files_of(self._welcome.names, session.config.rootpath)
        if not session.config.getoption("keepduplicates"):
            session.config.args = files or session.config.args

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        gear = Gear(session.config)
        streams.load_streams()
        streams.settle_streams(self._welcome.seed)
        gear.board(self._cabin, self._welcome, self._later)
        return gear.worker.run(session, self._find_items(session))

    def _find_items(self, session: pytest.Session) -> dict[int, pytest.Item]:
        names = self._welcome.names
        items = _match(session.items, names)
        if len(items) < len(names) and session.config.args != self._args:
            # A file may count on what the import of another has left.
            session.config.args = self._args
            session.perform_collect()
            items = _match(session.items, names)
        missing = [name for number, (name, _) in names.items() if number not in items]
        if missing:
            text = f"a spawned worker did not collect {missing[0]!r}, which the template did"
            self._cabin.endpoint.send(msg.Refused("collection", text, len(missing)))
            raise pytest.exit.Exception(text, 1)
        return items


def _files_of(names: dict[int, list[Any]], root: Path) -> list[str]:
    """Return the files that items are in; none when that cannot be told from their ids."""
    relative = dict.fromkeys(nodeid.partition("::")[0] for nodeid, _copy in names.values())
    files = [os.path.normpath(root / name) for name in relative]
    return files if all(map(os.path.isfile, files)) else []


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

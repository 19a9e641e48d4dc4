"""The template at work: collects, proves that it may be forked, and forks.

Theory of operation: `pytest_runtestloop` is the fork server. Each worker is forked inside it and
returns from it, so it unwinds through every other plugin's wrapper of that hook and through
`pytest_sessionfinish`, as in a session of its own. The template itself never returns from it: it
would run `pytest_sessionfinish` once more than there were sessions.

Invariants:

- It runs no test, so what a worker inherits is the collected suite and nothing else.
- It is forked only while it has one native thread.
"""

from __future__ import annotations

import contextlib
import gc
import os
import select
import signal
from collections.abc import Callable, Generator
from typing import NoReturn

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.core.item import Blame, Phase
from pytest_bulkhead.errors import ProtocolError, UsageProblem
from pytest_bulkhead.imports import tell_imports
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import clock, faults, leaving, linux, process, streams
from pytest_bulkhead.system.berth import SIZE, Berth, Cabin
from pytest_bulkhead.system.forkability import why_not_forked
from pytest_bulkhead.system.orphans import leaks_of_group
from pytest_bulkhead.system.threads import unwatch_starts
from pytest_bulkhead.system.torch_calls import unwatch_torch
from pytest_bulkhead.template.collection import CollectionPlugin, gather
from pytest_bulkhead.template.sharing import Part, Stage, share_session

#: What a forked worker runs: given its orders and its berth, it returns what
#: `pytest_runtestloop` returns.
Embark = Callable[[msg.Fork, Berth], bool]


#: What gets a template ready to be forked; returns what its forks do: workers, and the stage of
#: the session.
Prepare = Callable[[pytest.Session, Cabin, Callable[[], str]], "tuple[Embark, Stage]"]


class TemplatePlugin:
    """The fork server, in the place of the loop that runs tests."""

    def __init__(
        self, cabin: Cabin, collection: CollectionPlugin, welcome: msg.Welcome, prepare: Prepare
    ) -> None:
        self._cabin = cabin
        self._endpoint = cabin.endpoint
        self._page = cabin.page
        self._faults = cabin.faults
        self._collection = collection
        self._welcome = welcome
        self._keeper = os.getppid()
        self._prepare = prepare
        self._children: dict[int, int] = {}
        #: What was sent and is to be done yet.
        self._early: list[msg.Message] = []
        #: In the stage of the session: what it does.
        self._stage: Stage | None = None
        self._poll = select.poll()

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionstart(self, session: pytest.Session) -> None:
        compat.silence_terminal(session.config)
        faults.write_faults_to(self._faults)

    def pytest_internalerror(self, excrepr: object) -> None:
        self._endpoint.send(msg.Refused("internal", str(excrepr), 3))

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        wish = excinfo.value
        if isinstance(wish, pytest.exit.Exception):
            code = 2 if wish.returncode is None else wish.returncode
            self._endpoint.send(msg.Refused("exit", str(wish.msg), code))
        else:
            # Ctrl-C does not reach a template, so a file raised this while it was imported.
            where = excinfo.getrepr(style="short").reprcrash
            self._endpoint.send(msg.Refused("exit", str(where), 2))

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        why_spawn = self._why_not_forked(session)
        unwatch_starts()
        unwatch_torch()
        spawns = bool(why_spawn) or self._welcome.spawns
        try:
            self._endpoint.send(gather(session, self._collection, why_spawn, spawns=spawns))
        except UsageProblem as problem:
            raise pytest.UsageError(str(problem)) from None
        embark, stage = self._prepare(session, self._cabin, self._ask_for_basetemp)
        gc.freeze()
        self._page.write(Blame(Phase.BETWEEN, since=clock.monotonic()))
        if not spawns and self._has_to_share(session.config, stage):
            streams.settle_streams(self._welcome.seed)
            part = share_session(stage, self._page, self._welcome.limit)
            self._stage = stage if part is Part.STAGE else None
            if part is Part.WIDOW:
                self._leave(session)
        # Ctrl-C is for the workers, and for the stage while it sets up or tears down.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        return self._serve(session, embark)

    def _has_to_share(self, config: pytest.Config, stage: Stage) -> bool:
        """Whether workers share anything: the session's fixtures, or, at its level, models."""
        if self._welcome.shares or config.getini("isolate_stage") == "never":
            return self._welcome.shares
        stage.models_only = True
        return self._welcome.workers > 1 and stage.has_work(())

    def _why_not_forked(self, session: pytest.Session) -> str:
        if self._welcome.spawns:
            return ""  # nobody will fork it
        renewed = compat.renewable_connections(session.config)
        return why_not_forked(self._welcome.workers, renewed, self._faults)

    def _serve(self, session: pytest.Session, embark: Embark) -> bool:
        self._poll.register(self._endpoint, select.POLLIN)
        while True:
            while self._early:
                order = self._early.pop(0)
                if isinstance(order, msg.Fork):
                    berth = self._fork(order)
                    if berth is not None:
                        return embark(order, berth)
                elif isinstance(order, msg.Finish) and self._stage is not None:
                    self._clear(self._stage)
                    return True  # what ran here is a part of the session, for those who measure
                elif isinstance(order, msg.Finish):
                    self._leave(session)
            for fd, _what in self._poll.poll():
                if fd in self._children:
                    self._reap(fd)
                else:
                    self._early += self._orders()

    def _ask_for_basetemp(self) -> str:
        """Ask for the folder of tmp_path, in the stage of the session; orders stay for later."""
        self._endpoint.send(msg.BasetempWanted())
        while True:
            orders = self._orders()
            self._early += [order for order in orders if not isinstance(order, msg.BasetempGranted)]
            for order in orders:
                if isinstance(order, msg.BasetempGranted):
                    return order.path

    def _orders(self) -> list[msg.Message]:
        try:
            orders = list(self._endpoint.receive())
        except ProtocolError:
            leaving.exit_process(1)
        if self._endpoint.closed:
            leaving.exit_process(1)
        return orders

    def _fork(self, order: msg.Fork) -> Berth | None:
        """Fork a worker; return its berth in it, None in the template."""
        template = os.getpid()
        berth = Berth(*self._endpoint.take_fds(SIZE))
        pid = process.fork()
        if pid == 0:
            linux.die_with_parent(template)
            process.own_group()
            self._abandon()
            return berth
        berth.close()
        watch = linux.watch_pid(pid)
        if watch is None:
            raise OSError("the kernel has no pidfd_open (Linux 5.3): use isolate_start = spawn")
        self._children[watch] = pid
        self._poll.register(watch, select.POLLIN)
        self._endpoint.send(msg.Started(order.process, pid))
        return None

    def _abandon(self) -> None:
        """Close, in a worker, what belongs to the template."""
        self._endpoint.close()
        self._collection.deaf = True
        self._stage = None
        for watch in self._children:
            os.close(watch)
        self._children.clear()

    def _reap(self, watch: int) -> None:
        pid = self._children.pop(watch)
        self._poll.unregister(watch)
        os.close(watch)
        for leak in leaks_of_group(self._keeper, pid):
            self._endpoint.send(leak)
        reaped = process.reap_status(pid)
        if reaped is not None:
            self._endpoint.send(msg.Reaped(pid, *reaped))

    def _clear(self, stage: Stage) -> None:
        """Tear down, in the stage of the session, what stands there."""
        cleared = stage.clear()
        if cleared is not None:
            self._endpoint.send(cleared)
        self._endpoint.send(msg.Prepared(leaving=True))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self) -> Generator[None, object, object]:
        result = yield
        if self._stage is not None:
            leaving.run_exit_functions()
            leaving.exit_process(0)
        return result

    def _leave(self, session: pytest.Session) -> NoReturn:
        with contextlib.suppress(OSError):  # nobody waits for it any more
            self._endpoint.send(msg.Prepared(leaving=True))
        self._page.write(Blame(Phase.LEAVING, since=clock.monotonic()))
        session.config.hook.pytest_unconfigure(config=session.config)
        leaving.run_exit_functions()
        leaving.exit_process(0)


def enlist(config: pytest.Config, cabin: Cabin, welcome: msg.Welcome, prepare: Prepare) -> None:
    """Register the plugins of a template, and greet the controller."""
    collection = CollectionPlugin(config, cabin.endpoint)
    server = TemplatePlugin(cabin, collection, welcome, prepare)
    config.pluginmanager.register(collection, "bulkhead-collection")
    config.pluginmanager.register(server, "bulkhead-template")
    cabin.endpoint.send(msg.Hello(os.getpid(), msg.PROTOCOL_VERSION))
    tell_imports(config, cabin.endpoint.send)

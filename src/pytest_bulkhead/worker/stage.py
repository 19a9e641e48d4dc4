"""A staged worker, and the stages and cells below it: wide fixtures once, a process for each cell.

Theory of operation: a **stage** is a process that has set up the fixtures of one node (the session,
a package, a module, a class), in pytest's own order, by running nothing but the set-up of a test
that needs them (`compat.stage_item`). It goes through its cells in order. A run of cells that share
a narrower node with fixtures gets a stage of its own, forked from this one; any other cell is
forked as a process that runs its tests and leaves. The worker itself is the stage of the session.
All run this one loop: a forked child takes the cells that it was forked for and goes on in it.

What a child inherits as set up it never tears down (`compat.disown_setup`): with nothing of the
stage's left to tear down, its last test can end as the last of a session does. The stage does,
once, when its last cell has ended.

Where the process may not be forked any more, because a fixture has started a thread or the like,
its cells run together in it, as in plain pytest.

Invariants:

- One process of a worker is at work at a time; the others wait for it.
- A stage runs no test, so what a cell inherits is its fixtures, as they were made. Unless it is
  unforkable: then it forks no more.
- An item that was begun is never begun again in another process, whatever ended.
"""

from __future__ import annotations

import gc
import mmap
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, Literal

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.core.ends import LOST_CHANNEL, decode_status
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.proof import why_not_fork
from pytest_bulkhead.core.seeds import derive_seed
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import faults, leaving, linux, process, streams
from pytest_bulkhead.system.berth import Cabin
from pytest_bulkhead.system.forkability import gather_facts
from pytest_bulkhead.system.orphans import leaks_of_group
from pytest_bulkhead.worker.children import Nursery
from pytest_bulkhead.worker.flight import FlightPlugin
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.needs import Need, Needs
from pytest_bulkhead.worker.orders import Orders
from pytest_bulkhead.worker.reporter import ReporterPlugin
from pytest_bulkhead.worker.runner import Boundary, Runner

Cell = tuple[int, ...]


class Stage:
    """This process, as a stage; what it becomes by a fork, it becomes in place."""

    def __init__(
        self, inbox: Inbox, orders: Orders, flight: FlightPlugin,
        reporter: ReporterPlugin, runner: Runner,
    ) -> None:  # fmt: skip
        self._inbox = inbox
        self._orders = orders
        self._flight = flight
        self._reporter = reporter
        self._mouth = reporter.mouth
        self._runner = runner
        self._needs: Needs
        self._cabin: Cabin
        self._seed = -1
        self._keeper = 0
        #: The node whose fixtures are set up here.
        self._node: Any = None
        self._cells: deque[Cell] = deque()
        #: What is set up and stands.
        self._met: list[Need] = []
        self._standing: list[Any] = []
        #: The latest test that a process was forked for.
        self._latest = -1
        self._unforkable = ""
        #: Whether this process is below the worker.
        self._below = False
        self._is_cell = False

    def board(self, cabin: Cabin, needs: Needs, seed: int, keeper: int) -> None:
        """Learn what this process lives with.

        Args:
            cabin: its berth.
            needs: what tests need.
            seed: of the run's random streams; negative for leaving them alone.
            keeper: who adopts orphans.
        """
        self._cabin, self._needs, self._seed, self._keeper = cabin, needs, seed, keeper
        self._orders.staged = True

    # -- the loop ------------------------------------------------------------------------------

    def serve(self, session: pytest.Session, items: Sequence[pytest.Item]) -> None:
        """Go through the cells; returns in every process that was forked in here as well."""
        self._session, self._items, self._node = session, items, session
        #: {item: whether it was begun}, shared with all processes below.
        self._begun = mmap.mmap(-1, max(1, len(items)))
        self._cabin.page.take_charge(process.own_pid())
        session.config.pluginmanager.register(self, "bulkhead-stage")
        while self._has_work():
            if self._unforkable:
                self._run_together()
                continue
            block = self._next_block()
            if self._prepare(block) and not self._unforkable:
                self._fork_for(block)
            if self._is_cell:
                return
        self._clear()

    def _has_work(self) -> bool:
        session = self._session
        if session.shouldfail or session.shouldstop or self._cabin.page.tail().stopped:
            return False
        if not self._below:
            self._orders.listen(wait=not self._cells)
            self._cells.extend(self._orders.cells)
            self._orders.cells.clear()
            if self._orders.stopped:
                return False
        return bool(self._cells)

    def _next_block(self) -> list[Cell]:
        """Return the cells, from the first on, that one child is forked for."""
        first = self._cells[0]
        narrower = self._narrower(first)
        if narrower is None:
            return [first]
        block: list[Cell] = []
        met = [own] if (own := self._own(first[0])) else []
        for cell in self._cells:
            own = self._own(cell[0])
            below = narrower in self._items[cell[0]].listchain()
            if not below or (own and not _agree(own, met)):
                break
            block.append(cell)
            met += [own] if own else []
        return block

    def _needs_of(self, index: int) -> tuple[Need, ...]:
        return self._needs.of(index, self._items[index])

    def _own(self, index: int) -> Need | None:
        return next((need for need in self._needs_of(index) if need.node is self._node), None)

    def _narrower(self, cell: Cell) -> Any:  # noqa: ANN401 - a node, or None
        """Return the next node below ours at which a cell needs something."""
        depth = len(self._node.listchain())
        deeper = (n.node for n in self._needs_of(cell[0]) if len(n.node.listchain()) > depth)
        return next(deeper, None)

    # -- set-up --------------------------------------------------------------------------------

    def _prepare(self, block: Iterable[Cell]) -> bool:
        """Set up what a block needs of our node; return whether the run may go on."""
        before = len(self._standing)
        for cell in block:
            for index in cell:
                own = self._own(index)
                if own is not None and own not in self._met:
                    self._set_up(index, own)
        if len(self._standing) > before:
            gc.freeze()
            self._judge()
        return not (self._session.shouldfail or self._session.shouldstop)

    def _set_up(self, index: int, need: Need) -> None:
        """Set up what a test needs here; an error stays with the fixture, for every test to meet.

        A set-up that was skipped, by a mark of the test, is no set-up for others.
        """
        item = compat.stage_item(self._items[index], need.names, need.node)
        nextitem = self._items[index]
        self._flight.item = index
        self._begun[index] = 1
        self._mouth.say(msg.Preparing(index))
        hook = item.ihook
        try:
            setup = _call("setup", lambda: hook.pytest_runtest_setup(item=item))
            teardown = _call(
                "teardown", lambda: hook.pytest_runtest_teardown(item=item, nextitem=nextitem)
            )
        finally:
            self._rest()
            self._begun[index] = 0
            self._mouth.say(msg.Prepared(False))
        seconds = setup.duration + teardown.duration
        self._reporter.prelude[index] = self._reporter.prelude.get(index, 0.0) + seconds
        self._met = [known for known in self._met if known.agrees(need)]
        if setup.excinfo is None:
            self._met.append(need)

    def _rest(self) -> None:
        """Have no test in hand."""
        self._flight.item = -1
        self._flight.enter(Phase.BETWEEN)

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(
        self, fixturedef: pytest.FixtureDef[Any]
    ) -> Generator[None, object, object]:
        if self._node is not None and fixturedef.scope != "function":
            self._standing.append(fixturedef)
        return (yield)

    def _judge(self) -> None:
        """Look whether this process may still be forked."""
        renewed = compat.renewable_connections(self._session.config)
        self._unforkable = why_not_fork(gather_facts(1, renewed))
        if self._unforkable:
            place = self._node.nodeid or "session"
            self._mouth.say(msg.Unforkable(place, self._unforkable))

    def _run_together(self) -> None:
        """Run our cells in this process: it may not be forked."""
        queue = deque(index for cell in self._cells for index in cell)
        self._cells.clear()
        boundary = Boundary.from_parent(self._session, name="session")
        while queue and not self._stopped():
            index = queue.popleft()
            last = None if self._below or self._orders.finished else boundary
            following = self._items[queue[0]] if queue else last
            self._begun[index] = 1
            self._runner.run(index, self._items[index], following)
        if not self._below:
            self._runner.tell_finished()

    def _stopped(self) -> bool:
        if not self._below:
            self._orders.listen(wait=False)
        wish = self._session.shouldfail or self._session.shouldstop
        return bool(wish) or self._orders.stopped or self._cabin.page.tail().stopped

    # -- children ------------------------------------------------------------------------------

    def _fork_for(self, block: list[Cell]) -> None:
        """Fork a process for these cells: in it, be what it is for; here, wait for its end."""
        for _cell in block:
            self._cells.popleft()
        self._latest = block[-1][-1]
        parent = process.own_pid()
        self._cabin.page.take_charge(0)
        pid = process.fork()
        if pid == 0:
            self._become(parent, block)
            return
        process.wait_dead(pid)
        self._bury(pid, block)
        self._cabin.page.take_charge(process.own_pid())

    def _bury(self, pid: int, block: list[Cell]) -> None:
        """Take a child's end in: its last word came, or its death has to be told."""
        page = self._cabin.page
        doing, left = page.read(), page.tail().left
        for leak in leaks_of_group(self._keeper, pid):
            self._mouth.say(leak)
        reaped = process.reap_status(pid)
        assert reaped is not None, "a child that ended is ours to reap"
        if left:
            self._mouth.say(msg.Prepared(False) if doing.item < 0 else msg.Progress(doing.item, -1))
        else:
            self._tell_death(doing, *reaped)
        rest = [tuple(i for i in cell if not self._begun[i]) for cell in block]
        self._cells.extendleft(reversed([cell for cell in rest if cell]))

    def _tell_death(self, doing: Any, status: int, peak_kib: int) -> None:  # noqa: ANN401 - Blame
        if doing.item >= 0 and doing.phase.in_test:
            self._begun[doing.item] = 1
        if doing.phase is Phase.SETUP and doing.subject:
            self._flight.condemn(doing.subject, str(decode_status(status)))
        self._inbox.report_death(msg.Fell(status, peak_kib))
        compat.discard_output(self._session.config)
        faults.empty(self._cabin.faults)

    def _become(self, parent: int, block: list[Cell]) -> None:
        """Be, in a process that was just forked, the stage or the cell that it is for."""
        linux.die_with_parent(parent)
        process.own_group()
        self._cabin.page.take_charge(process.own_pid())
        signal.signal(signal.SIGINT, signal.default_int_handler)
        leaving.forget_exit_functions()
        self._mouth.connect(self._cabin.line)
        compat.renew_connections(self._session.config)
        self._runner.nursery = Nursery()
        compat.disown_setup(self._session, self._standing)
        self._standing.clear()
        self._below = True
        narrower = self._narrower(block[0]) if len(block) > 1 else None
        streams.settle_streams(self._derived_seed(narrower, block[0]))
        if narrower is None:
            self._run_cell(block[0])
        else:
            self._node, self._cells = narrower, deque(block)
            self._met = []

    def _derived_seed(self, node: Any, cell: Cell) -> int:  # noqa: ANN401 - a node, or None
        if self._seed < 0:
            return -1
        name = node.nodeid if node is not None else self._items[cell[0]].nodeid
        return derive_seed(self._seed, name, "")

    def _run_cell(self, cell: Cell) -> None:
        self._is_cell = True
        for index, following in zip(cell, [*cell[1:], None], strict=True):
            if self._stopped():
                break
            self._begun[index] = 1
            self._runner.run(
                index, self._items[index], None if following is None else self._items[following]
            )

    # -- the end -------------------------------------------------------------------------------

    def _clear(self) -> None:
        """Tear down what was set up here, for the last test that it was set up for."""
        if not self._standing or self._unforkable:
            return
        index = self._latest
        item = compat.stage_item(self._items[index], (), self._node)
        self._flight.item = self._reporter.item = index
        self._mouth.say(msg.Clearing(index))
        hook = item.ihook
        # Sets nothing up; plugins expect it before a teardown.
        _call("setup", lambda: hook.pytest_runtest_setup(item=item))
        call = _call("teardown", lambda: hook.pytest_runtest_teardown(item=item, nextitem=None))
        if call.excinfo is not None:
            report = pytest.TestReport.from_item_and_call(item, call)
            hook.pytest_runtest_logreport(report=report)
        self._runner.nursery.look(index)
        self._rest()
        self._mouth.say(msg.Prepared(True))

    def part(self, output: Any, wish: str, failed: bool, code: int) -> bool:  # noqa: ANN401 - JSON
        """Leave, below the worker, what is the session's to the controller; False in the worker."""
        if self._below and (output or wish or code >= 0):
            self._inbox.ask(msg.Parting(output, wish, failed, code), msg.GoOn)
        return self._below

    def note_left(self) -> bool:
        """Say, below the worker, the last word of this process; False in the worker."""
        if self._below:
            if self._runner.broken:
                self._own_up()
            self._cabin.page.note_left()
        return self._below

    def _own_up(self) -> None:
        """Have nobody take the test that was begun and not ended for a finished one."""
        if self._runner.exit is None and not self._cabin.page.tail().stopped:
            leaving.exit_process(LOST_CHANNEL)  # pytest itself broke, and could not say so
        self._flight.item = -1
        self._flight.enter(Phase.LEAVING)

    def stop_asked(self) -> bool:
        """Whether the controller wants no further test, by its latest word."""
        if not self._below:
            return self._orders.stop_asked()
        return self._cabin.page.tail().stopped


def _call(when: Literal["setup", "teardown"], hook: Callable[[], object]) -> Any:  # noqa: ANN401
    """Call a hook; what ends the run is raised, anything else is the outcome."""
    return pytest.CallInfo.from_call(hook, when, (pytest.exit.Exception, KeyboardInterrupt))


def _agree(need: Need, others: Iterable[Need]) -> bool:
    return all(need.agrees(other) for other in others)

"""A staged worker, and the stages and cells below it: wide fixtures once, a process for each cell.

Theory of operation: a **stage** is a process that has set up the fixtures of one node (the session,
a package, a module, a class), in pytest's own order (`standing`). It goes through its cells in
order. A run of cells below a narrower node with fixtures gets a stage of its own, forked from this
one; any other cell is a process that runs its tests and leaves. The worker itself is the stage of
the session. All run this one loop: a child takes the cells that it was forked for and goes on.

What a child inherits as set up it never tears down: with nothing of the stage's left to tear down,
its last test can end as the last of a session does. The stage does, once, when its last cell has
ended. So a stage, too, tears down what it has set up itself, and no more.

Where the process may not be forked any more, because a fixture has started a thread or the like,
the cells that need this fixture run together in it, as in plain pytest. What is left goes back to
whom it came from, for another stage in which that fixture does not stand.

Invariants:

- One process of a worker is at work at a time; the others wait for it.
- A stage runs no test, so what a cell inherits is its fixtures, as they were made. Unless it is
  unforkable: then it forks no more.
- An item that was begun is never begun again in another process, whatever ended.
"""

from __future__ import annotations

import contextlib
import mmap
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from pytest_bulkhead import compat
from pytest_bulkhead.core.ends import LOST_CHANNEL, NO_CHILDREN, decode_status
from pytest_bulkhead.core.item import Phase
from pytest_bulkhead.core.run.roster import STILLBORN_BUDGET
from pytest_bulkhead.core.run.staged import SESSION
from pytest_bulkhead.protocol import messages as msg
from pytest_bulkhead.system import leaving, process
from pytest_bulkhead.system.berth import Cabin
from pytest_bulkhead.system.forkability import why_not_forked
from pytest_bulkhead.worker.child import Brood, Child
from pytest_bulkhead.worker.failures import Failures
from pytest_bulkhead.worker.inbox import Inbox
from pytest_bulkhead.worker.needs import Need, Needs
from pytest_bulkhead.worker.orders import Orders
from pytest_bulkhead.worker.place import Block, Cell, Place
from pytest_bulkhead.worker.reporter import Mouth
from pytest_bulkhead.worker.runner import Boundary, Runner
from pytest_bulkhead.worker.standing import Standing


class Stage:
    """This process, as a stage; what it becomes by a fork, it becomes in place."""

    def __init__(
        self, inbox: Inbox, mouth: Mouth, orders: Orders, runner: Runner, standing: Standing
    ) -> None:
        self._inbox = inbox
        self._mouth = mouth
        self._orders = orders
        self._runner = runner
        self._standing = standing
        self._needs: Needs
        #: Whose fixtures are set up here.
        self._place: Place
        self._cabin: Cabin
        self._brood: Brood
        self._cells: deque[Cell] = deque()
        #: The latest test that a process was forked for.
        self._latest = -1
        #: The fixtures with which this process became unforkable.
        self._culprits: frozenset[str] | None = None
        #: It has run what it could, and leaves the rest to another process.
        self._over = False
        #: Whether this process is below the worker.
        self._below = False
        self._is_cell = False
        #: Children in a row that began nothing.
        self._stillborn = 0

    def board(self, cabin: Cabin, needs: Needs, brood: Brood) -> None:
        """Learn what this process lives with."""
        self._cabin, self._needs, self._brood = cabin, needs, brood
        self._orders.staged = True

    # -- the loop ------------------------------------------------------------------------------

    def serve(self, session: pytest.Session, items: Sequence[pytest.Item]) -> None:
        """Go through the cells; returns in every process that was forked in here as well."""
        self._session, self._items = session, items
        self._place = Place(session, items, self._needs)
        #: {item: whether it was begun}, shared with all processes below.
        self._begun = mmap.mmap(-1, max(1, len(items)))
        self._failures = Failures(session)
        self._cabin.page.take_charge(process.own_pid())
        while self._has_work():
            if self._culprits is not None:
                self._run_together(self._culprits)
            else:
                block = self._place.next_block(self._cells, self._standing.values())
                if self._prepare(block):
                    self._launch(block)
            if self._is_cell:
                return
        self._brood.dismiss()
        if len(self._standing) and self._culprits is None:
            self._standing.clear(self._latest, self._items[self._latest], self._place.node)

    def _has_work(self) -> bool:
        if not self._below:
            self._orders.listen(wait=not self._cells)
            self._cells.extend(self._orders.cells)
            self._orders.cells.clear()
        return bool(self._cells) and not self._over and not self._stopped()

    def _stopped(self) -> bool:
        wish = self._session.shouldfail or self._session.shouldstop
        return bool(wish) or self._orders.stopped or self._cabin.page.tail().stopped

    # -- set-up --------------------------------------------------------------------------------

    def _prepare(self, block: Block) -> bool:
        """Set up what a block needs of our node; return whether a process may be forked for it."""
        for index, need in self._place.wanted(block.cells):
            if not self._standing.meets([need]):
                self._set_up(index, need)
            if self._culprits is not None:
                return False
        self._end_clashing(block.cells)
        return not (self._session.shouldfail or self._session.shouldstop)

    def _end_clashing(self, cells: list[Cell]) -> None:
        """Tear down what a child would set another value of up beside."""
        clashing = self._place.clashing(cells, self._standing.values())
        if clashing:
            index = self._place.first_user(cells, clashing)
            with self._setting_up(index):
                self._standing.end(index, self._items[index], self._place.node, clashing)

    @contextlib.contextmanager
    def _setting_up(self, index: int) -> Iterator[None]:
        """Have a test begun while we change what stands here for it."""
        self._brood.dismiss()
        self._begin(index)
        yield
        self._begun[index] = 0
        self._latest = index if self._latest < 0 else self._latest

    def _begin(self, index: int) -> None:
        self._begun[index] = 1

    def _set_up(self, index: int, need: Need) -> None:
        """Set up what a test needs here, and look whether this process may still be forked."""
        before = self._standing.names()
        with self._setting_up(index):
            self._standing.set_up(index, self._items[index], need)
        new = self._standing.names() - before
        if not new:
            return
        renewed = compat.renewable_connections(self._session.config)
        why = why_not_forked(1, renewed, self._cabin.faults)
        if why:
            self._culprits = new
            self._mouth.say(msg.Unforkable(self._place.node.nodeid or SESSION, why))

    def _run_together(self, culprits: frozenset[str]) -> None:
        """Run, in this process, the cells that need what made it unforkable."""
        queue, rest = deque[int](), deque[Cell]()
        for cell in self._cells:
            own = self._place.own(cell[0])
            if own is not None and not culprits.isdisjoint(own.names):
                queue.extend(cell)
            else:
                rest.append(cell)
        self._cells, self._over = rest, bool(rest)
        boundary = Boundary.from_parent(self._session, name="session")
        while queue and not self._stopped():
            index = queue.popleft()
            last = None if self._below or self._orders.finished else boundary
            self._begin(index)
            self._runner.run(index, self._items[index], self._items[queue[0]] if queue else last)
            if not self._below:
                self._orders.listen(wait=False)
        if not self._below:
            self._runner.tell_finished()

    # -- children ------------------------------------------------------------------------------

    def _launch(self, block: Block) -> None:
        """Have a process for these cells: in it, be what it is for; here, wait for its end."""
        for _cell in block.cells:
            self._cells.popleft()
        self._latest = block.cells[-1][-1]
        self._runner.flight.enter(Phase.BETWEEN)  # what the last child did is not the next one's
        self._cabin.page.take_charge(0)
        child = self._brood.start(block.cells)
        if child is not None and self._knows_next():
            # While it runs, the next one gets ready.
            child = child if self._brood.prepare([self._cells[0]]) else None
        if child is None:
            self._become(Block(self._brood.block, block.node))
            return
        self._await(child)
        self._cabin.page.take_charge(process.own_pid())

    def _knows_next(self) -> bool:
        """Whether the next cell can be forked for ahead: nothing has to be set up before it."""
        if not self._cells or self._place.narrower(self._cells[0]) is not None:
            return False
        wanted = self._place.wanted([self._cells[0]])
        return self._standing.meets(need for _index, need in wanted)

    def _await(self, child: Child) -> None:
        """Wait for the end of a child: its last word came, or its death has to be told."""
        page = self._cabin.page
        status, peak_kib, became = self._brood.wait(child)
        self._failures.share()
        doing = page.read()
        if page.tail().left:
            self._mouth.say(msg.Prepared(False) if doing.item < 0 else msg.Progress(doing.item, -1))
        else:
            if doing.item >= 0 and doing.phase.in_test:
                self._begin(doing.item)
            if doing.phase is Phase.SETUP and doing.subject:
                self._runner.flight.condemn(doing.subject, str(decode_status(status)))
            if doing.phase.in_test:
                self._session.testsfailed += 1
                self._failures.share()
            self._inbox.report_death(msg.Fell(status, peak_kib, became))
            self._brood.clean_up(self._session.config)
        rest = [tuple(i for i in cell if not self._begun[i]) for cell in child.block]
        self._cells.extendleft(reversed([cell for cell in rest if cell]))
        self._count_stillborn(began=rest != child.block)

    def _count_stillborn(self, *, began: bool) -> None:
        """Give up when children die before they begin: they would for ever."""
        self._stillborn = 0 if began or self._stopped() else self._stillborn + 1
        if self._stillborn >= STILLBORN_BUDGET:
            leaving.exit_process(NO_CHILDREN)

    def _become(self, block: Block) -> None:
        """Be, in a process that was just forked, the stage or the cell that it is for."""
        self._below = True
        self._cabin.page.take_charge(process.own_pid())
        place = self._place.below(block)
        cell = self._items[block.cells[0][0]]
        self._brood.settle_streams(cell.nodeid if place is None else place.node.nodeid)
        if place is None:
            self._run_cell(block.cells[0])
        else:
            self._place, self._cells, self._latest = place, deque(block.cells), -1

    def _run_cell(self, cell: Cell) -> None:
        self._is_cell = True
        for index, following in zip(cell, [*cell[1:], None], strict=True):
            if self._stopped():
                break
            self._begin(index)
            nextitem = None if following is None else self._items[following]
            self._runner.run(index, self._items[index], nextitem)

    # -- the end -------------------------------------------------------------------------------

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
            if self._is_cell:
                self._brood.note_pages()
            self._failures.share()
            process.flush_output()
            self._cabin.page.note_left()
            self._brood.ring()
        return self._below

    def _own_up(self) -> None:
        """Have nobody take the test that was begun and not ended for a finished one."""
        if self._runner.exit is None and not self._cabin.page.tail().stopped:
            leaving.exit_process(LOST_CHANNEL)  # pytest itself broke, and could not say so
        self._runner.flight.item = -1
        self._runner.flight.enter(Phase.LEAVING)

    def stop_asked(self) -> bool:
        """Whether the controller wants no further test, by its latest word."""
        return self._cabin.page.tail().stopped if self._below else self._orders.stop_asked()
